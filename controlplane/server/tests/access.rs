//! Who may do what: every endpoint with every kind of token, as a table beside this file. `UPDATE_GOLDEN=1` writes it
//! anew; read the difference before you keep it.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::Client;
use weft_server::Agent;
use weft_server::config::{self, Flags};

const ROOT: &str = "11111111-1111-1111-1111-111111111111";
const ACCESSOR: &str = "22222222-2222-2222-2222-222222222222";
const ABSENT: &str = "33333333-3333-3333-3333-333333333333";

/// One request an operation. Those marked with `!` would end or replace what the test stands on, and are not made by who
/// may do all; of those with `~` only the first part of the answer is read.
fn requests() -> Vec<(&'static str, String, String)> {
    let table = include_str!("access.requests");
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let (verb, path) = (words.next().unwrap(), words.next().unwrap());
            (verb, path.to_owned(), words.next().unwrap_or_default().to_owned())
        })
        .collect()
}

async fn start() -> (Agent, Client, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acl.hcl");
    let text = format!(
        "acl {{ enabled = true\n default_policy = \"deny\"\n tokens {{ initial_management = \"{ROOT}\" \
         agent_recovery = \"recovery\" }} }}"
    );
    std::fs::write(&file, text).unwrap();
    let flags = Flags { node: Some("n1".into()), config: vec![file], ..Flags::ephemeral() };
    let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
    let client = Client::of(&agent);
    (agent, client, dir)
}

async fn as_root(client: &Client, verb: &str, path: &str, body: &Value) -> Value {
    let mark = if path.contains('?') { '&' } else { '?' };
    let answer = client.call(verb, &format!("{path}{mark}token={ROOT}"), &body.to_string()).await;
    assert_eq!(answer.status, 200, "{verb} {path}: {}", answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

async fn token(client: &Client, body: Value) -> String {
    let made = as_root(client, "PUT", "/v1/acl/token", &body).await;
    made["SecretID"].as_str().unwrap().to_owned()
}

/// What there is to see and to change.
async fn furnish(client: &Client) {
    for (path, body) in [
        ("/v1/agent/service/register", json!({"Name": "web", "Port": 1, "Check": {"TTL": "1h"}})),
        ("/v1/agent/service/register", json!({"Name": "db", "Port": 2, "Check": {"TTL": "1h"}})),
        ("/v1/kv/k", json!(1)),
        ("/v1/kv/tree/a", json!(1)),
        ("/v1/config", json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"})),
        ("/v1/connect/intentions/exact?source=web&destination=db", json!({"Action": "allow"})),
        ("/v1/session/create", json!({"NodeChecks": []})),
        ("/v1/acl/policy", json!({"Name": "p", "Rules": "key \"k\" { policy = \"read\" }"})),
        ("/v1/acl/token", json!({"AccessorID": ACCESSOR})),
    ] {
        as_root(client, "PUT", path, &body).await;
    }
    // Coordinates are gathered before they are written.
    let place = json!({"Node": "n1", "Coord": {"Vec": [0, 0, 0, 0, 0, 0, 0, 0], "Error": 1.5, "Height": 0.00001}});
    as_root(client, "PUT", "/v1/coordinate/update", &place).await;
    let placed = async {
        while client.get(&format!("/v1/coordinate/node/n1?token={ROOT}")).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), placed).await.unwrap();
}

#[tokio::test]
async fn every_endpoint_with_every_kind_of_token() {
    let (agent, client, _dir) = start().await;
    furnish(&client).await;
    let kinds = [
        ("none", String::new()),
        ("unknown", ABSENT.to_owned()),
        ("reader", token(&client, json!({"Policies": [{"Name": "builtin/global-read-only"}]})).await),
        ("web", token(&client, json!({"ServiceIdentities": [{"ServiceName": "web"}]})).await),
        ("node", token(&client, json!({"NodeIdentities": [{"NodeName": "n1", "Datacenter": "dc1"}]})).await),
        ("recovery", "recovery".to_owned()),
        ("root", ROOT.to_owned()),
    ];
    let mut table = vec![String::new(); requests().len()];
    // Who may do most comes last, after whom little is left as it was.
    for (kind, secret) in &kinds {
        for (row, (verb, path, body)) in table.iter_mut().zip(requests()) {
            let verdict = verdict(&client, kind, secret, verb, &path, &body).await;
            write!(row, " {kind}={verdict}").unwrap();
        }
    }
    let rows = requests().into_iter().zip(table).map(|((verb, path, _), row)| format!("{verb} {path}:{row}\n"));
    compare(&rows.collect::<String>());
    agent.shutdown().await;
}

/// The status; a star where something was left out, which the answer then says.
async fn verdict(client: &Client, kind: &str, secret: &str, verb: &str, path: &str, body: &str) -> String {
    let (verb, is_final) = verb.strip_prefix('!').map_or((verb, false), |verb| (verb, true));
    if is_final && kind == "root" {
        return "-".to_owned();
    }
    let mark = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{mark}token={secret}");
    let (verb, answer) = match verb.strip_prefix('~') {
        Some(verb) => (verb, client.begin(verb, &path).await),
        None => (verb, client.call(verb, &path, body).await),
    };
    if answer.status == 403 {
        assert!(
            answer.body.starts_with("Permission denied") || answer.body == "ACL not found",
            "{kind} {verb} {path}: {}",
            answer.body
        );
    }
    assert!(!answer.body.contains("was not authorized"), "{kind} {verb} {path}: {}", answer.body);
    let filtered = answer.headers.contains("x-consul-results-filtered-by-acls: true");
    format!("{}{}", answer.status, if filtered { "*" } else { "" })
}

fn compare(table: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access.table");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, table).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    for (row, wanted) in table.lines().zip(expected.lines()) {
        assert_eq!(row, wanted);
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}

#[tokio::test]
async fn every_operation_has_its_row() {
    let (agent, client, _dir) = start().await;
    let document = client.get("/v1/openapi.json").await.json();
    let verb = |verb: &str| verb.trim_start_matches(['!', '~']).to_owned();
    let asked: BTreeSet<_> = requests()
        .iter()
        .map(|(found, path, _)| (verb(found), path.split('?').next().unwrap_or_default().to_owned()))
        .collect();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (operation, _) in operations.as_object().unwrap() {
            let fits = |(verb, asked): &(String, String)| verb.eq_ignore_ascii_case(operation) && is_of(asked, path);
            assert!(asked.iter().any(fits), "no request for {operation} {path} in access.requests");
        }
    }
    agent.shutdown().await;
}

/// Whether a path fills the parameters of another in.
fn is_of(path: &str, template: &str) -> bool {
    let (path, template): (Vec<_>, Vec<_>) = (path.split('/').collect(), template.split('/').collect());
    path.len() == template.len()
        && path.iter().zip(template).all(|(part, wanted)| *part == wanted || wanted.starts_with('{'))
}

#[tokio::test]
async fn transactions_say_what_the_single_requests_say() {
    let (agent, client, _dir) = start().await;
    furnish(&client).await;
    let secret = token(&client, json!({"ServiceIdentities": [{"ServiceName": "web"}]})).await;
    let operations = json!([
        {"KV": {"Verb": "set", "Key": "k", "Value": ""}},
        {"Service": {"Verb": "set", "Node": "n1", "Service": {"ID": "web", "Service": "web"}}},
        {"Service": {"Verb": "set", "Node": "n1", "Service": {"ID": "db", "Service": "db"}}},
        {"Node": {"Verb": "delete", "Node": {"Node": "n1"}}},
    ]);
    let answer = client.call("PUT", &format!("/v1/txn?token={secret}"), &operations.to_string()).await;
    assert_eq!(answer.status, 409);
    let answer = answer.json();
    let denied: Vec<_> = answer["Errors"].as_array().unwrap().iter().map(|error| error["OpIndex"].clone()).collect();
    assert_eq!(denied, [json!(0), json!(2), json!(3)]);
    let what = answer["Errors"][0]["What"].as_str().unwrap();
    assert!(what.starts_with("Permission denied: token with AccessorID '") && what.ends_with("'key:write' on \"k\""));
    let read = json!([{"KV": {"Verb": "get-tree", "Key": "t"}}]).to_string();
    let answer = client.call("PUT", &format!("/v1/txn?token={secret}"), &read).await;
    assert_eq!((answer.status, answer.json()["Results"].clone()), (200, json!([])));
    agent.shutdown().await;
}

#[tokio::test]
async fn an_answer_written_for_one_token_is_not_given_to_another() {
    let (agent, client, _dir) = start().await;
    furnish(&client).await;
    let seer =
        |resource: &str| json!({"Name": resource, "Rules": format!("{resource}_prefix \"\" {{ policy = \"read\" }}")});
    as_root(&client, "PUT", "/v1/acl/policy", &seer("node")).await;
    let of_db = token(&client, json!({"ServiceIdentities": [{"ServiceName": "db"}]})).await;
    let of_nodes = token(&client, json!({"Policies": [{"Name": "node"}]})).await;
    let sees = async |path: &str, secret: &str| {
        let answer = client.get(&format!("{path}?token={secret}")).await;
        let filtered = answer.headers.contains("x-consul-results-filtered-by-acls: true");
        (answer.body.contains(r#""ServiceName": "db""#), filtered)
    };
    for turn in 0..2 {
        for path in ["/v1/health/service/db", "/v1/catalog/service/db"] {
            assert_eq!(sees(path, &of_nodes).await, (false, true), "{path}, turn {turn}");
            assert!(sees(path, &of_db).await.0 && sees(path, ROOT).await == (true, false), "{path}, turn {turn}");
        }
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn neighbours_that_may_not_be_seen_are_left_out_and_it_is_said() {
    let (agent, client, _dir) = start().await;
    furnish(&client).await;
    let sidecar = json!({"Name": "web", "Connect": {"SidecarService": {"Proxy": {"Upstreams": [
        {"DestinationName": "db", "LocalBindPort": 9000}]}}}});
    as_root(&client, "PUT", "/v1/agent/service/register", &sidecar).await;
    let of = async |name: &str, rules: &str| {
        as_root(&client, "PUT", "/v1/acl/policy", &json!({"Name": name, "Rules": rules})).await;
        token(&client, json!({"Policies": [{"Name": name}]})).await
    };
    let all = of("all", "service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }").await;
    let web = of("web", "service_prefix \"web\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }").await;
    for (secret, filtered) in [(&all, false), (&web, true)] {
        let path = format!("/v1/internal/ui/service-topology/web?kind=&token={secret}");
        let answer = client.get(&path).await.json();
        let shown = answer["Upstreams"].as_array().unwrap().len();
        assert_eq!((&answer["FilteredByACLs"], shown), (&json!(filtered), usize::from(!filtered)), "{answer:#}");
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn addresses_of_services_are_chosen_by_who_may_write_the_mesh() {
    let (agent, client, _dir) = start().await;
    let body = json!({"Service": "web", "ManualVIPs": ["10.9.9.9"]}).to_string();
    for (rules, wanted) in [
        ("mesh = \"write\"", 200),
        ("operator = \"write\"", 200),
        ("mesh = \"read\"", 403),
        ("service_prefix \"\" { policy = \"write\" }", 403),
    ] {
        let name: String = rules.chars().filter(char::is_ascii_alphabetic).collect();
        as_root(&client, "PUT", "/v1/acl/policy", &json!({"Name": name, "Rules": rules})).await;
        let secret = token(&client, json!({"Policies": [{"Name": name}]})).await;
        let path = format!("/v1/internal/service-virtual-ip?token={secret}");
        assert_eq!(client.call("PUT", &path, &body).await.status, wanted, "{rules}");
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_deleted_token_is_none() {
    let (agent, client, _dir) = start().await;
    let made = as_root(&client, "PUT", "/v1/acl/token", &json!({"Policies": [{"Name": "global-management"}]})).await;
    let (accessor, secret) = (made["AccessorID"].as_str().unwrap(), made["SecretID"].as_str().unwrap());
    let shown = as_root(&client, "GET", &format!("/v1/acl/token/{accessor}"), &Value::Null).await;
    assert_eq!(shown["SecretID"], "<hidden>");
    let own = client.get(&format!("/v1/acl/token/self?token={secret}")).await.json();
    assert_eq!(own["SecretID"], secret);
    let state = agent.store().current().encode();
    assert!(!state.windows(secret.len()).any(|window| window == secret.as_bytes()));
    as_root(&client, "DELETE", &format!("/v1/acl/token/{accessor}"), &Value::Null).await;
    for path in ["/v1/kv/k", "/v1/catalog/services", "/v1/agent/self", "/v1/acl/token/self"] {
        let answer = client.get(&format!("{path}?token={secret}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, "ACL not found"), "{path}");
    }
    agent.shutdown().await;
}
