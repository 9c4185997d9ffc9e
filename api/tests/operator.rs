//! What operators ask: verdicts with a status, and what is not for everybody.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::Ordering::SeqCst;

use futures::StreamExt as _;
use serde_json::{Value, json};
use support::Agent;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn a_cluster_that_does_badly_says_so_in_its_status() {
    let agent = Agent::start().await;
    let path = "/v1/operator/autopilot/health";
    let healthy = agent.get(path).await;
    assert_eq!((healthy.status, &healthy.json()["Healthy"]), (200, &json!(true)));
    agent.healthy.store(false, SeqCst);
    let unhealthy = agent.get(path).await;
    assert_eq!((unhealthy.status, &unhealthy.json()["Servers"][0]["Healthy"]), (429, &json!(false)));
    assert_eq!(agent.get("/v1/operator/autopilot/state").await.status, 200);
}

#[tokio::test]
async fn usage_counts_what_is_registered() {
    let agent = Agent::start().await;
    let web = json!({"Name": "web", "Port": 80, "Connect": {"SidecarService": {}}});
    agent.done("/v1/agent/service/register", web).await;
    let usage = agent.get("/v1/operator/usage").await.json()["Usage"]["dc1"].clone();
    assert_eq!((&usage["Nodes"], &usage["Services"], &usage["ServiceInstances"]), (&json!(1), &json!(3), &json!(3)));
    assert_eq!(usage["ConnectServiceInstances"]["connect-proxy"], 1);
    assert_eq!(usage["BillableServiceInstances"], 1);
}

#[tokio::test]
async fn the_inside_is_shown_to_this_machine_alone() {
    let agent = Agent::start().await;
    assert_eq!(agent.get("/v1/weft/debug/raft").await.status, 403, "nobody knows where this comes from");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let router = agent.router.clone();
    let served = tokio::spawn(weft_api::serve(listener, router, std::future::pending()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /v1/weft/debug/raft HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    served.abort();
}

#[tokio::test]
async fn an_intention_cannot_be_created_under_a_given_id() {
    let agent = Agent::start().await;
    let body = json!({"ID": "84e34cd5-90ff-de04-43ed-5520a997731f", "SourceName": "a", "DestinationName": "b",
        "Action": "allow"});
    let refused = agent.send("POST", "/v1/connect/intentions", &[], &body.to_string()).await;
    assert_eq!(refused.status, 500);
    assert_eq!(refused.text, "ID must be empty when creating a new intention");
}

#[tokio::test]
async fn the_log_is_followed_at_a_level_that_exists() {
    let agent = Agent::start().await;
    assert_eq!(agent.get("/v1/agent/monitor").await.text, "INFO false 1\nINFO false 2\n");
    assert_eq!(agent.get("/v1/agent/monitor?loglevel=ERR&logjson").await.text, "ERROR true 1\nERROR true 2\n");
    let refused = agent.get("/v1/agent/monitor?loglevel=bogus").await;
    assert_eq!((refused.status, refused.text.as_str()), (400, "Bad request: Unknown log level: bogus"));
}

#[tokio::test(start_paused = true)]
async fn metrics_are_told_again_and_again() {
    let agent = Agent::start().await;
    let (status, body) = agent.begin("/v1/agent/metrics/stream").await;
    assert_eq!(status, 200);
    let mut frames = body.into_data_stream();
    for _ in 0..2 {
        let line = frames.next().await.unwrap().unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let told: Value = serde_json::from_slice(&line).unwrap();
        assert!(told["Timestamp"].is_string() && !told["Gauges"].as_array().unwrap().is_empty());
    }
    agent.store.end_waits();
    assert!(frames.next().await.is_none(), "it ends with the agent");
}

#[tokio::test]
async fn metrics_are_told_as_consul_tells_them_and_as_prometheus_reads_them() {
    let agent = Agent::start().await;
    assert_eq!(agent.send("PUT", "/v1/kv/a", &[], "1").await.status, 200);
    agent.done("/v1/agent/service/register", json!({"Name": "web", "Port": 80})).await;

    let told = agent.get("/v1/agent/metrics").await.json();
    let gauge = |name: &str| {
        let gauges = told["Gauges"].as_array().unwrap().iter();
        gauges.filter(|gauge| gauge["Name"] == name).map(|gauge| gauge["Value"].as_f64().unwrap()).sum::<f64>()
    };
    assert_eq!(gauge("consul.state.kv_entries"), 1.0);
    assert_eq!(gauge("consul.state.services"), 2.0, "web and the servers");
    assert_eq!(gauge("consul.autopilot.healthy"), 1.0);
    assert!(gauge("consul.runtime.sys_bytes") > 1e6);
    assert!(gauge("consul.mesh.active-root-ca.expiry") > 0.0);

    let scraped = agent.get("/v1/agent/metrics?format=prometheus").await;
    assert_eq!(scraped.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "consul_kvs_apply_count 1",
        "consul_catalog_register_count 1",
        "# TYPE consul_api_http summary",
        "consul_api_http_count{method=\"PUT\",path=\"v1/kv/\"} 1",
        "consul_raft_apply 2",
        "consul_state_kv_entries{datacenter=\"dc1\"} 1",
    ] {
        assert!(scraped.text.lines().any(|written| written == line), "{line} is not in\n{}", scraped.text);
    }
}

#[tokio::test]
async fn there_are_no_keys_of_gossip() {
    let agent = Agent::start().await;
    let (path, key) = ("/v1/operator/keyring", r#"{"Key": "x"}"#);
    let said = agent.get(path).await;
    assert_eq!((said.status, said.text.as_str()), (500, "Keyring is empty (encryption not enabled)"));
    for verb in ["POST", "PUT", "DELETE"] {
        let said = agent.send(verb, path, &[], key).await;
        assert_eq!((said.status, said.text.as_str()), (500, "No keyring to modify (encryption not enabled)"), "{verb}");
    }
}
