//! What the API says to input that makes no sense: Consul's status, a clear text, and nothing
//! half-written.

use serde_json::{Value, json};

use crate::harness::{Agent, Load, Scratch};

struct Case {
    request: (&'static str, &'static str, String),
    status: u16,
    /// All of these are in the text.
    says: &'static [&'static str],
}

fn put(path: &'static str, body: &Value) -> (&'static str, &'static str, String) {
    ("PUT", path, body.to_string())
}

const SERVICE: &str = "/v1/agent/service/register";
const CHECK: &str = "/v1/agent/check/register";
const CONFIG: &str = "/v1/config";
const EXACT: &str = "/v1/connect/intentions/exact?source=web&destination=api";

fn registrations() -> Vec<Case> {
    vec![
        Case { request: ("PUT", SERVICE, "{".into()), status: 400, says: &["Request decode failed"] },
        Case { request: ("PUT", SERVICE, String::new()), status: 400, says: &["Request decode failed: EOF"] },
        Case { request: ("PUT", SERVICE, "[]".into()), status: 400, says: &["Request decode failed"] },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Foo": 1 })),
            status: 400,
            says: &["Request decode failed: json: unknown field \"Foo\""],
        },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Port": "80" })),
            status: 400,
            says: &["Request decode failed: json: cannot unmarshal string"],
        },
        Case { request: put(SERVICE, &json!({ "Port": 80 })), status: 400, says: &["Missing service name"] },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Address": "0.0.0.0" })),
            status: 400,
            says: &["Invalid service address"],
        },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Check": { "TTL": "soon" } })),
            status: 400,
            says: &["Request decode failed"],
        },
        Case { request: put(SERVICE, &json!({ "Name": "x", "Check": { "TTL": "-1s" } })), status: 400, says: &["TTL"] },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Check": { "TTL": "1s", "Status": "fine" } })),
            status: 400,
            says: &["status"],
        },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Meta": { "x y": "1" } })),
            status: 400,
            says: &["Invalid Service Meta", "Key contains invalid characters"],
        },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Kind": "connect-proxy", "Port": 1, "Proxy": {} })),
            status: 400,
            says: &["Proxy.DestinationServiceName must be non-empty"],
        },
        Case {
            request: put(
                SERVICE,
                &json!({ "Name": "x", "Connect": { "SidecarService": { "Proxy": { "Upstreams": [
                    { "DestinationName": "a", "LocalBindPort": 0 }
                ] } } } }),
            ),
            status: 400,
            says: &["upstream local bind port cannot be zero"],
        },
        Case {
            request: put(
                SERVICE,
                &json!({ "Name": "x", "Connect": { "SidecarService": { "Proxy": { "Upstreams": [
                    { "DestinationName": "a", "LocalBindPort": 1 }, { "DestinationName": "b", "LocalBindPort": 1 }
                ] } } } }),
            ),
            status: 400,
            says: &["upstreams cannot contain duplicates", "127.0.0.1:1"],
        },
        Case {
            request: put(SERVICE, &json!({ "Name": "x", "Connect": { "SidecarService": { "ID": "y" } } })),
            status: 400,
            says: &["cannot specify an ID"],
        },
        Case { request: put(CHECK, &json!({ "TTL": "1s" })), status: 400, says: &["Missing check name"] },
        Case {
            request: put(CHECK, &json!({ "Name": "c", "ServiceID": "nobody", "TTL": "1s" })),
            status: 500,
            says: &["ServiceID \"nobody\" does not exist"],
        },
        Case {
            request: put("/v1/agent/check/update/nobody", &json!({ "Status": "bogus" })),
            status: 400,
            says: &["Invalid check status: 'bogus'"],
        },
        Case {
            request: ("PUT", "/v1/agent/check/pass/nobody", String::new()),
            status: 404,
            says: &["Unknown check ID \"nobody\""],
        },
        Case {
            request: ("PUT", "/v1/agent/service/deregister/nobody", String::new()),
            status: 404,
            says: &["Unknown service ID \"nobody\""],
        },
        Case { request: ("POST", SERVICE, "{}".into()), status: 405, says: &["method POST not allowed"] },
        Case { request: ("GET", "/v1/no/such/thing", String::new()), status: 404, says: &[] },
        Case {
            request: ("GET", "/v1/agent/service/nobody", String::new()),
            status: 404,
            says: &["unknown service ID"],
        },
        Case {
            request: ("GET", "/v1/health/service/x?index=-1", String::new()),
            status: 400,
            says: &["Invalid index"],
        },
        Case {
            request: ("GET", "/v1/health/service/x?index=1&wait=2", String::new()),
            status: 400,
            says: &["Invalid wait time"],
        },
    ]
}

fn intentions() -> Vec<Case> {
    vec![
        Case { request: put(EXACT, &json!({ "Action": "maybe" })), status: 400, says: &["Action"] },
        Case { request: put(EXACT, &json!({})), status: 500, says: &["Action"] },
        Case {
            request: put(
                EXACT,
                &json!({ "Action": "allow", "Permissions": [{ "Action": "allow", "HTTP": { "PathExact": "/" } }] }),
            ),
            status: 500,
            says: &["Action must be omitted if Permissions are specified"],
        },
        Case {
            request: put(EXACT, &json!({ "Permissions": [{ "Action": "allow", "HTTP": {} }] })),
            status: 500,
            says: &["HTTP should not be empty"],
        },
        Case {
            request: put(EXACT, &json!({ "Permissions": [{ "Action": "allow", "HTTP": { "PathRegex": "(" } }] })),
            status: 500,
            says: &["PathRegex"],
        },
        Case {
            request: put(
                EXACT,
                &json!({ "Permissions": [{ "Action": "allow", "HTTP": { "PathExact": "/a", "PathPrefix": "/b" } }] }),
            ),
            status: 500,
            says: &["at most one of PathExact, PathPrefix, or PathRegex"],
        },
        Case {
            request: put("/v1/connect/intentions/exact?destination=api", &json!({ "Action": "allow" })),
            status: 500,
            says: &["required query parameter 'source' not set"],
        },
        Case {
            request: ("GET", "/v1/connect/intentions/check?source=web", String::new()),
            status: 500,
            says: &["required query parameter 'destination' not set"],
        },
        Case { request: ("GET", EXACT, String::new()), status: 404, says: &["Intention not found"] },
        Case {
            request: put("/v1/connect/ca/configuration", &json!({ "Provider": "bogus", "Config": {} })),
            status: 500,
            says: &["unknown CA provider \"bogus\""],
        },
        Case {
            request: put(
                "/v1/connect/ca/configuration",
                &json!({ "Provider": "consul", "Config": { "LeafCertTTL": "1m" } }),
            ),
            status: 500,
            says: &["leaf cert TTL must be greater or equal than 1h0m0s"],
        },
    ]
}

fn config_entries() -> Vec<Case> {
    vec![
        Case { request: put(CONFIG, &json!({ "Name": "x" })), status: 400, says: &["kind/Kind key at the top level"] },
        Case {
            request: put(CONFIG, &json!({ "Kind": "bogus", "Name": "x" })),
            status: 400,
            says: &["invalid config entry kind: bogus"],
        },
        Case {
            request: put(CONFIG, &json!({ "Kind": "service-defaults", "Name": "x", "Foo": 1 })),
            status: 400,
            says: &["invalid config key \"Foo\""],
        },
        Case {
            request: put(
                CONFIG,
                &json!({ "Kind": "service-intentions", "Name": "api", "Sources": [
                    { "Name": "", "Action": "allow" },
                    { "Name": "web" },
                    { "Name": "cron", "Permissions": [{ "Action": "allow", "HTTP": { "PathExact": "no-slash" } }] },
                ] }),
            ),
            status: 500,
            // Every fault, each with its place.
            says: &["Sources[0].Name", "Sources[1].Action", "Sources[2].Permissions[0]"],
        },
        Case {
            request: put(
                CONFIG,
                &json!({ "Kind": "service-intentions", "Name": "api", "Sources": [{ "Name": "web", "Action": "sometimes" }] }),
            ),
            status: 400,
            says: &["Sources[0].Action", "sometimes"],
        },
        Case {
            request: ("GET", "/v1/config/service-defaults/nobody", String::new()),
            status: 404,
            says: &["Config entry not found for \"service-defaults\" / \"nobody\""],
        },
        Case {
            request: ("GET", "/v1/config/bogus", String::new()),
            status: 500,
            says: &["invalid config entry kind: bogus"],
        },
    ]
}

/// All that a refused write might have left behind.
async fn everything(agent: &Agent) -> Vec<Value> {
    let paths = [
        "/v1/agent/services",
        "/v1/agent/checks",
        "/v1/catalog/services",
        "/v1/connect/intentions",
        "/v1/config/service-defaults",
        "/v1/config/service-intentions",
        "/v1/connect/ca/configuration",
    ];
    let mut all = Vec::new();
    for path in paths {
        all.push(agent.get(path).await);
    }
    all
}

#[tokio::test]
async fn bad_input_is_refused_with_a_clear_text_and_leaves_nothing_behind() {
    let scratch = Scratch::new(Load::Shared).await;
    let agent = Agent::dev(&scratch).await;
    let before = everything(&agent).await;
    let mut wrong = Vec::new();
    for Case { request: (method, path, body), status, says } in
        [registrations(), intentions(), config_entries()].into_iter().flatten()
    {
        let reply = agent.send(method, path, body.clone()).await;
        let text = reply.text();
        if reply.status != status || !says.iter().all(|part| text.contains(part)) {
            wrong.push(format!("{method} {path} {body}\n  wanted {status} {says:?}\n  got    {} {text}", reply.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(everything(&agent).await, before);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_agent_goes_on() {
    let scratch = Scratch::new(Load::Shared).await;
    let agent = Agent::dev(&scratch).await;
    let huge = json!({ "Name": "x", "Meta": { "k": "v".repeat(64 * 1024 * 1024) } }).to_string();
    // The server may close before it has read everything: then the caller sees no answer at all.
    if let Ok(reply) = agent.try_send("PUT", SERVICE, huge).await {
        assert_eq!(reply.status, 413, "{}", reply.text());
    }
    assert_eq!(agent.get("/v1/agent/services").await, json!({}));
}
