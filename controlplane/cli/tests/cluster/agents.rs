//! Client agents: what is registered with them is in the catalog for as long as they live, and nothing else is; they
//! outlive the server that they use.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cluster, Server, Setup, Sidecar, until_ok};

/// Within which a failure has to be known everywhere.
const FOUND: Duration = Duration::from_secs(10);
/// For what needs no failure to be found first.
const SOON: Duration = Duration::from_secs(5);

const WEB: &str = r#"{"Name": "web", "ID": "web1", "Port": 80, "Check": {"CheckID": "alive", "TTL": "10m"}}"#;

/// How many instances of `web` a server sees passing.
async fn passing(server: &Server) -> Result<usize, String> {
    let found = server.ask("/v1/health/service/web?passing").await?;
    Ok(found.as_array().map_or(0, Vec::len))
}

async fn wait_passing(what: &str, servers: &[Server], count: usize, within: Duration) -> Duration {
    let mut longest = Duration::ZERO;
    for server in servers {
        let waited = until_ok(what, within, async || match passing(server).await? {
            found if found == count => Ok(()),
            found => Err(format!("{found} at {}", server.setup.name)),
        });
        longest = longest.max(waited.await.1);
    }
    longest
}

/// The status of a node's agent, as a member.
async fn member(server: &Server, name: &str) -> Option<i64> {
    let members = server.get("/v1/agent/members").await;
    let mut members = members.as_array().unwrap().iter();
    members.find(|member| member["Name"] == name).and_then(|member| member["Status"].as_i64())
}

/// The place of the server that an agent uses.
async fn used(cluster: &Cluster, agent: &Server) -> usize {
    let address = agent.get("/v1/agent/self").await["Stats"]["consul"]["weft_server"].clone();
    let place = cluster.servers.iter().position(|server| address == format!("{}:8300", server.setup.address));
    place.unwrap_or_else(|| panic!("{address} is no server"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_has_is_in_the_catalog_while_it_lives_and_comes_back_with_it() {
    let cluster = Cluster::formed(94, 3).await;
    let (mut one, mut two) = (cluster.agent(1).await, cluster.agent(2).await);
    let itself = one.get("/v1/agent/self").await;
    assert_eq!((&itself["Config"]["Server"], &itself["Config"]["NodeName"]), (&json!(false), &json!("c1")));
    one.put("/v1/agent/service/register", WEB).await;
    one.put("/v1/agent/check/pass/alive", "").await;
    let took = wait_passing("the service is everywhere", &cluster.servers, 1, SOON).await;
    eprintln!("from its registration to all servers: {took:?}");
    let found = two.get("/v1/health/service/web").await;
    assert_eq!((&found[0]["Node"]["Node"], &found[0]["Service"]["Port"]), (&json!("c1"), &json!(80)));

    // Killed, it is found to have failed; started again, all of it is back, with the health that it had.
    tokio::time::sleep(Duration::from_secs(2)).await;
    one.kill();
    let took = wait_passing("the service is out", &cluster.servers, 0, FOUND).await;
    eprintln!("from the kill of its agent to the end of the service: {took:?}");
    assert_eq!(member(&two, "c1").await, Some(4));
    one.restart();
    wait_passing("the service is back", &cluster.servers, 1, FOUND).await;
    assert_eq!(member(&two, "c1").await, Some(1));

    // The agent has the last word on its node: what it does not know goes, what it knows comes back.
    let address = &one.setup.address;
    let zombie = json!({"Node": "c1", "Address": address, "SkipNodeUpdate": true, "Service": {"Service": "zombie"}});
    cluster.servers[0].put("/v1/catalog/register", &zombie.to_string()).await;
    let gone = json!({"Node": "c1", "ServiceID": "web1"}).to_string();
    cluster.servers[0].put("/v1/catalog/deregister", &gone).await;
    until_ok("the catalog is true again", SOON, async || {
        let services = cluster.servers[1].ask("/v1/catalog/node/c1").await?["Services"].clone();
        let names: Vec<&String> = services.as_object().into_iter().flatten().map(|(id, _)| id).collect();
        if names == ["web1"] { Ok(()) } else { Err(format!("{names:?}")) }
    })
    .await;
    wait_passing("the service is back", &cluster.servers, 1, SOON).await;

    // What is taken out here is out there.
    one.put("/v1/agent/service/deregister/web1", "").await;
    wait_passing("the service is out", &cluster.servers, 0, SOON).await;

    // One that is told to end leaves; one that was killed can be made to.
    two.terminate().await;
    assert_eq!(member(&one, "c2").await, None);
    assert_eq!(cluster.servers[0].get("/v1/catalog/node/c2").await, Value::Null);
    one.kill();
    until_ok("the agent has failed", FOUND, async || match member(&cluster.servers[0], "c1").await {
        Some(4) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    cluster.servers[0].put("/v1/agent/force-leave/c1", "").await;
    assert_eq!(member(&cluster.servers[0], "c1").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_goes_through_an_agent_moves_when_its_server_dies() {
    let mut cluster = Cluster::formed(95, 3).await;
    let agent = cluster.agent(1).await;
    let web = |port: u16| {
        json!({
            "Name": "web", "Port": port,
            "Connect": {"SidecarService": {"Proxy": {"Upstreams": [{"DestinationName": "db", "LocalBindPort": 23456}]}}},
        })
    };
    // Nothing listens at its sidecar's port; what counts is what callers are told of it.
    let well = json!({"TTL": "10m", "Status": "passing"});
    let db = |port: u16| {
        json!({"Name": "db", "Port": port, "Connect": {"SidecarService": {"Port": port, "Check": well}}}).to_string()
    };
    agent.put("/v1/agent/service/register", &web(80).to_string()).await;
    agent.put("/v1/agent/service/register", &db(23001)).await;
    agent.put("/v1/kv/news", "old").await;
    let index = agent.get("/v1/kv/news").await[0]["ModifyIndex"].clone();
    let addresses = [agent.setup.address.clone()];
    let sidecar = Sidecar::start(cluster.path(), "web", &addresses).await;
    sidecar.wait_for("23001").await;

    let api = agent.api();
    let waiting = format!("/v1/kv/news?index={index}&wait=9s");
    let waiting = tokio::spawn(async move { api.send("GET", &waiting, String::new()).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let server = used(&cluster, &agent).await;
    cluster.servers[server].kill();
    let (took, survivor) = (Instant::now(), &cluster.servers[(server + 1) % 3]);
    agent.put("/v1/kv/news", "new").await;
    eprintln!("from the death of the agent's server to a write through the agent: {:?}", took.elapsed());
    let news = waiting.await.unwrap().unwrap();
    assert_eq!(news.status, 200, "{}", news.text());
    assert_eq!(news.json()[0]["Value"], "bmV3");
    assert_ne!(used(&cluster, &agent).await, server);

    // The sidecar has kept what it had, and gets what is new.
    agent.put("/v1/agent/service/register", &db(23002)).await;
    eprintln!("from a change to the sidecar: {:?}", sidecar.wait_for("23002").await);

    // Nobody has taken the agent for failed.
    while took.elapsed() < FOUND {
        let checks = survivor.get("/v1/health/node/c1").await;
        let liveness = checks.as_array().unwrap().iter().find(|check| check["CheckID"] == "serfHealth");
        assert_eq!(liveness.unwrap()["Status"], "passing", "{checks}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_the_servers_do_not_take_says_why() {
    let mut cluster = Cluster::formed(96, 3).await;
    let agent = cluster.agent(1).await;
    let setup = |number: u8, name: &str| Setup {
        address: format!("127.0.96.{}", 100 + number),
        name: name.to_owned(),
        data_dir: cluster.path().join(format!("other{number}")),
        is_server: false,
        ..cluster.setup(number)
    };
    // A live node's name, under another id.
    let said = cluster.refusal(setup(2, "c1")).await;
    assert!(said.contains("node name \"c1\" is in use by the live node at 127.0.96.101"), "{said}");

    // The wrong datacenter is the wrong cluster: it goes on to look for the right one.
    let mut elsewhere = setup(3, "c3");
    elsewhere.more.extend(["--datacenter", "dc2"].map(str::to_owned));
    let elsewhere = Server::start(elsewhere, cluster.path());
    until_ok("it says why", SOON, async || {
        let log = elsewhere.log();
        if log.contains("it must name server.dc2.consul, and names server.dc1.consul") { Ok(()) } else { Err(log) }
    })
    .await;

    // Directories of servers and of client agents are not mixed up.
    let of_server = Setup { data_dir: cluster.servers[2].setup.data_dir.clone(), ..setup(4, "c4") };
    cluster.servers[2].kill();
    let said = cluster.refusal(of_server).await;
    assert!(said.contains("is that of a server: start it with --server"), "{said}");
    let mut of_agent = cluster.setup(5);
    of_agent.data_dir = agent.setup.data_dir.clone();
    let said = cluster.refusal(of_agent).await;
    assert!(said.contains("is that of a client agent: start it without --server"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_had_no_server_for_a_while_makes_the_catalog_true_again() {
    let mut cluster = Cluster::formed(97, 3).await;
    let mut agent = cluster.agent(1).await;
    agent.put("/v1/agent/service/register", r#"{"Name": "before"}"#).await;
    cluster.servers.iter_mut().for_each(Server::kill);
    agent.put("/v1/agent/service/register", WEB).await;
    agent.put("/v1/agent/check/pass/alive", "").await;
    agent.put("/v1/agent/service/deregister/before", "").await;
    let reply = agent.try_send("GET", "/v1/catalog/services", "").await.unwrap();
    assert_eq!((reply.status, reply.text().as_str()), (500, "No known Consul servers"));

    cluster.servers.iter_mut().for_each(Server::restart);
    cluster.wait_formed().await;
    wait_passing("what was registered meanwhile is there", &cluster.servers, 1, FOUND).await;
    let gone = cluster.servers[0].get("/v1/catalog/service/before").await;
    assert_eq!(gone, json!([]), "what was taken out meanwhile is not");

    // What an agent has lost with its disk, its name and id included, is no zombie.
    agent.kill();
    std::fs::remove_dir_all(&agent.setup.data_dir).unwrap();
    agent.restart();
    until_ok("the node is the new agent's", FOUND * 2, async || {
        let node = cluster.servers[1].ask("/v1/catalog/node/c1").await?;
        let is_new = node["Services"] == json!({})
            && node["Node"]["ID"] == agent.ask("/v1/agent/self").await?["Config"]["NodeID"];
        if is_new { Ok(()) } else { Err(node.to_string()) }
    })
    .await;
}

/// A question for the addresses of a name (RFC 1035, 4.1), and what came back.
fn look_up(at: &str, name: &str) -> Vec<u8> {
    let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend_from_slice(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(FOUND)).unwrap();
    socket.send_to(&question, format!("{at}:8600")).unwrap();
    let mut answer = vec![0; 4096];
    let length = socket.recv(&mut answer).unwrap();
    answer.truncate(length);
    answer
}

/// The code of an answer, and for how many seconds its first record holds.
fn code_and_ttl(answer: &[u8]) -> (u8, Option<u32>) {
    // After the header and the question, whose name ends with an empty label, comes a record with a name of two bytes.
    let name = answer[12..].iter().position(|byte| *byte == 0).unwrap();
    let ttl = answer.get(12 + name + 5 + 6..).and_then(<[u8]>::first_chunk);
    (answer[3] & 0x0f, ttl.filter(|_| answer[7] > 0).copied().map(u32::from_be_bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_shows_of_other_nodes_is_what_the_servers_know() {
    let cluster = Cluster::formed(69, 1).await;
    let recursor = UdpSocket::bind("127.0.0.1:0").unwrap();
    let recursors = format!(
        "recursors = [\"{}\"]\n dns_config {{ service_ttl = {{ web = \"42s\" }} }}",
        recursor.local_addr().unwrap()
    );
    let file = cluster.path().join("names.hcl");
    std::fs::write(&file, recursors).unwrap();
    let other = cluster.agent(1).await;
    let mut setup = Setup { name: "c2".to_owned(), address: "127.0.69.102".to_owned(), ..other.setup.clone() };
    setup.data_dir = cluster.path().join("c2");
    setup.more.extend(["--config-file".to_owned(), file.to_str().unwrap().to_owned()]);
    let agent = Server::start(setup, cluster.path());

    // An alias check of what another node has follows it, and says so when it has gone.
    other.put("/v1/agent/service/register", WEB).await;
    let alias = r#"{"Name": "near", "Check": {"CheckID": "far", "AliasNode": "c1", "AliasService": "web1"}}"#;
    agent.put("/v1/agent/service/register", alias).await;
    let shows = async |what: &str, status: &str, output: &str| {
        until_ok(what, SOON, async || {
            let check = agent.ask("/v1/agent/checks").await?["far"].clone();
            let fits = check["Status"] == status && check["Output"].as_str().unwrap_or_default().contains(output);
            if fits { Ok(()) } else { Err(check.to_string()) }
        })
        .await;
    };
    shows("the alias is as bad as the other", "critical", "failing").await;
    other.put("/v1/agent/check/pass/alive", "").await;
    shows("the alias is as good as the other", "passing", "All checks passing").await;
    other.put("/v1/agent/service/deregister/web1", "").await;
    shows("there is no other", "critical", "could not be found on node c1").await;
    other.put("/v1/agent/service/register", WEB).await;
    other.put("/v1/agent/check/pass/alive", "").await;
    shows("the other is back", "passing", "").await;

    // Its place on the map of round trip times.
    until_ok("a coordinate", FOUND * 2, async || {
        let place = agent.ask("/v1/coordinate/node/c2").await?;
        if place[0]["Coord"]["Vec"].as_array().map(Vec::len) == Some(8) { Ok(()) } else { Err(place.to_string()) }
    })
    .await;

    // Names: by its own settings, and outside the domain by its own recursors.
    assert_eq!(code_and_ttl(&look_up(&agent.setup.address, "web.service.consul")), (0, Some(42)));
    assert_eq!(code_and_ttl(&look_up(&other.setup.address, "web.service.consul")), (0, Some(0)));
    assert_eq!(code_and_ttl(&look_up(&other.setup.address, "example.com")), (5, None), "it has no recursor");
    let asked = std::thread::spawn(move || {
        let mut question = [0; 512];
        let (length, from) = recursor.recv_from(&mut question).unwrap();
        question[2] |= 0x80;
        question[3] |= 3;
        recursor.send_to(&question[..length], from).unwrap();
        question[12..length].to_vec()
    });
    assert_eq!(code_and_ttl(&look_up(&agent.setup.address, "example.com")), (3, None), "the recursor knows of none");
    assert!(asked.join().unwrap().starts_with(b"\x07example\x03com\0"));

    // They are taken over by a reload.
    std::fs::write(&file, "dns_config { service_ttl = { web = \"7s\" } }").unwrap();
    agent.put("/v1/agent/reload", "").await;
    assert_eq!(code_and_ttl(&look_up(&agent.setup.address, "web.service.consul")), (0, Some(7)));
    assert_eq!(code_and_ttl(&look_up(&agent.setup.address, "example.com")), (5, None));
}

const MANAGEMENT: &str = "5d2c0e1b-53a4-4e7a-9f7e-0d6d5e5f6a02";

/// Makes a token for an identity: its accessor and its secret.
async fn token(server: &Server, identity: Value) -> (String, String) {
    let path = format!("/v1/acl/token?token={MANAGEMENT}");
    let (made, _) = until_ok("a token", FOUND, async || {
        let reply = server.try_send("PUT", &path, &identity.to_string()).await?;
        if reply.status == 200 { Ok(reply.json()) } else { Err(reply.text()) }
    })
    .await;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("AccessorID"), text("SecretID"))
}

/// A request that has to be refused, with these words.
async fn refused(agent: &Server, method: &str, path: &str, body: &str, words: &[&str]) {
    let reply = agent.try_send(method, path, body).await.unwrap();
    let text = reply.text();
    assert!(reply.status == 403 && words.iter().all(|word| text.contains(word)), "{path}: {} {text}", reply.status);
}

/// Nobody may do anything without a token: an agent with its own node's alone asks a server what others' allow.
#[tokio::test(flavor = "multi_thread")]
async fn through_an_agent_a_token_allows_what_it_allows_at_a_server() {
    let acl = |tokens: &str| {
        format!("acl {{ enabled = true\n default_policy = \"deny\"\n token_ttl = \"1s\"\n tokens {{ {tokens} }} }}")
    };
    let tokens = format!("initial_management = \"{MANAGEMENT}\"\n agent = \"{MANAGEMENT}\"");
    let cluster = Cluster::configured(84, 1, &acl(&tokens));
    let server = &cluster.servers[0];
    let node = token(server, json!({"NodeIdentities": [{"NodeName": "c1", "Datacenter": "dc1"}]})).await.1;
    let (accessor, web) = token(server, json!({"ServiceIdentities": [{"ServiceName": "web"}]})).await;

    let own = cluster.path().join("agent.hcl");
    std::fs::write(&own, acl(&format!("agent = \"{node}\""))).unwrap();
    let more = vec!["--config-file".to_owned(), own.to_str().unwrap().to_owned()];
    let setup =
        Setup { name: "c1".to_owned(), address: "127.0.84.101".to_owned(), is_server: false, more, ..cluster.setup(1) };
    let setup = Setup { data_dir: cluster.path().join("c1"), ..setup };
    let agent = Server::start(setup, cluster.path());
    until_ok("the agent is in the catalog by its node's token", FOUND * 2, async || {
        let checks = agent.ask(&format!("/v1/health/node/c1?token={MANAGEMENT}")).await?;
        if checks[0]["Status"] == "passing" { Ok(()) } else { Err(checks.to_string()) }
    })
    .await;

    let denied = ["Permission denied", "service:write", "web"];
    refused(&agent, "PUT", "/v1/agent/service/register", WEB, &denied).await;
    let other = r#"{"Name": "other"}"#;
    refused(&agent, "PUT", &format!("/v1/agent/service/register?token={web}"), other, &["service:write", "other"])
        .await;
    refused(&agent, "PUT", "/v1/kv/a", "1", &["Permission denied", "key:write"]).await;
    refused(&agent, "GET", "/v1/health/service/web?token=nobodys", "", &["ACL not found"]).await;
    agent.put(&format!("/v1/agent/service/register?token={web}"), WEB).await;
    refused(&agent, "PUT", "/v1/agent/check/pass/alive", "", &denied).await;
    agent.put(&format!("/v1/agent/check/pass/alive?token={web}"), "").await;

    // Whoever may not see it sees none, at the agent as at the server.
    for asked in [server, &agent] {
        until_ok("the bearer sees it", SOON, async || {
            let found = asked.ask(&format!("/v1/health/service/web?passing&token={web}")).await?;
            if found.as_array().map(Vec::len) == Some(1) { Ok(()) } else { Err(found.to_string()) }
        })
        .await;
        assert_eq!(asked.get("/v1/health/service/web").await, json!([]));
        assert_eq!(asked.get("/v1/catalog/services").await, json!({}));
    }
    assert_eq!(agent.get("/v1/agent/services").await, json!({}), "what is local is hidden too");

    // So it is with names: requests for them bear no token, and the agent's for names counts.
    for asked in [server, &agent] {
        let address = &asked.setup.address;
        assert_eq!(code_and_ttl(&look_up(address, "web.service.consul")), (3, None), "it is hidden");
        let given = format!("{{\"Token\": \"{web}\"}}");
        asked.put(&format!("/v1/agent/token/dns?token={MANAGEMENT}"), &given).await;
        assert_eq!(code_and_ttl(&look_up(address, "web.service.consul")), (0, Some(0)), "it is seen");
    }

    // A token that is deleted is worth nothing any more, when the time for which it is believed is over.
    let reply = server.try_send("DELETE", &format!("/v1/acl/token/{accessor}?token={MANAGEMENT}"), "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    until_ok("the agent refuses it", SOON, async || {
        let reply = agent.try_send("PUT", &format!("/v1/agent/check/pass/alive?token={web}"), "").await?;
        if reply.status == 403 && reply.text().contains("ACL not found") { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}
