//! Whole agents in this process, spoken to over HTTP.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, dev, kept, kept_flags};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use weft_server::Agent;
use weft_server::config::{self, Flags};

fn web(ttl: &str) -> Value {
    json!({"Name": "web", "Port": 80, "Connect": {"SidecarService": {}}, "Check": {"TTL": ttl, "Status": "passing"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_ready_when_it_has_started() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = Client::of(&agent);
    assert!(client.get("/v1/status/leader").await.json().as_str().unwrap().starts_with("127.0.0.1:"));
    let servers = client.get("/v1/health/service/consul?passing").await.json();
    assert_eq!(servers[0]["Node"]["Node"], "n1", "{servers:#}");
    assert_ne!(servers[0]["Service"]["Port"], 0);
    assert_eq!(servers[0]["Checks"][0]["CheckID"], "serfHealth");
    assert_eq!(client.get("/v1/agent/services").await.json(), json!({}));
    assert_eq!(client.get("/v1/agent/self").await.json()["Config"]["NodeName"], "n1");
    let roots = client.get("/v1/connect/ca/roots").await.json();
    assert_eq!(roots["Roots"].as_array().unwrap().len(), 1);
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ttl_check_that_is_not_heard_of_turns_critical() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = Client::of(&agent);
    client.put("/v1/agent/service/register", &json!({"Name": "api", "Check": {"TTL": "400ms"}})).await;
    client.put("/v1/agent/check/pass/service:api?note=fine", &Value::Null).await;
    client.until_status("api", "passing").await;
    let checks = client.until_status("api", "critical").await;
    assert_eq!(checks[0]["Output"], "TTL expired (last output before timeout follows): fine");
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_query_is_woken_and_does_not_hold_up_the_end() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = Client::of(&agent);
    let index = client.get("/v1/health/service/web").await.index();
    let waiting =
        tokio::spawn(async move { client.get(&format!("/v1/health/service/web?index={index}&wait=60s")).await });
    sleep(Duration::from_millis(100)).await;
    client.put("/v1/agent/service/register", &web("60s")).await;
    let woken = timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    assert_eq!(woken.json().as_array().unwrap().len(), 1);
    let index = client.get("/v1/health/service/web").await.index();
    let path = format!("/v1/health/service/web?index={index}&wait=300s");
    let held = tokio::spawn(async move { client.try_call("GET", &path, "").await });
    sleep(Duration::from_millis(100)).await;
    timeout(Duration::from_secs(30), agent.shutdown()).await.unwrap();
    held.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_on_the_same_data_keeps_registrations_leaves_and_the_node() {
    let dir = TempDir::new().unwrap();
    let agent = Agent::start(kept(dir.path())).await.unwrap();
    let client = Client::of(&agent);
    client.put("/v1/agent/service/register", &web("60s")).await;
    let leaf = client.get("/v1/agent/connect/ca/leaf/web").await.json();
    let services = client.get("/v1/agent/services").await.json();
    let roots = client.get("/v1/connect/ca/roots").await.json();
    let node = agent.node().clone();
    agent.shutdown().await;

    let agent = Agent::start(kept(dir.path())).await.unwrap();
    let client = Client::of(&agent);
    assert_eq!(agent.node(), &node);
    assert_eq!(client.get("/v1/agent/services").await.json(), services);
    assert_eq!(client.get("/v1/connect/ca/roots").await.json(), roots);
    assert_eq!(client.get("/v1/agent/connect/ca/leaf/web").await.json(), leaf);
    let checks = client.get("/v1/health/checks/web").await.json();
    assert_eq!(checks[0]["Status"], "passing", "{checks:#}");
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_register_services_and_stop_doing_so() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("web.hcl");
    let text = r#"
        service { name = "web" port = 80 connect { sidecar_service {} } check { ttl = "60s" status = "passing" } }
        check { name = "disk" ttl = "60s" status = "passing" }
    "#;
    std::fs::write(&file, text).unwrap();
    let data = dir.path().join("data");
    let flags = Flags { config: vec![file], ..kept_flags(&data) };
    let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
    let client = Client::of(&agent);
    client.put("/v1/agent/service/register", &json!({"Name": "api", "Port": 81})).await;
    let services = client.get("/v1/agent/services").await.json();
    assert!(["web", "web-sidecar-proxy", "api"].iter().all(|id| services[id].is_object()), "{services:#}");
    assert_eq!(client.get("/v1/agent/checks").await.json()["disk"]["Status"], "passing");
    agent.shutdown().await;

    let agent = Agent::start(kept(&data)).await.unwrap();
    let client = Client::of(&agent);
    let services = client.get("/v1/agent/services").await.json();
    assert_eq!(services.as_object().unwrap().keys().collect::<Vec<_>>(), ["api"]);
    assert!(client.get("/v1/agent/checks").await.json()["disk"].is_null());
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_root_reaches_those_who_wait_for_a_leaf() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = Client::of(&agent);
    let first = client.get("/v1/agent/connect/ca/leaf/web").await;
    let path = format!("/v1/agent/connect/ca/leaf/web?index={}&wait=30s", first.index());
    let waiting = tokio::spawn(async move { client.get(&path).await });
    let key = rsa_free_key();
    client.put("/v1/connect/ca/configuration", &json!({"Provider": "consul", "Config": {"PrivateKey": key}})).await;
    let second = timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    assert_ne!(second.json()["SerialNumber"], first.json()["SerialNumber"]);
    assert!(second.index() > first.index());
    let roots = client.get("/v1/connect/ca/roots").await.json();
    assert_eq!(roots["Roots"].as_array().unwrap().len(), 2);
    agent.shutdown().await;
}

fn rsa_free_key() -> String {
    let spec = weft_ca::KeySpec::from_config("ec", 256).unwrap();
    weft_ca::CaKey::generate(spec).unwrap().private_pem().0.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_and_a_taken_directory_are_said_clearly() {
    let dir = TempDir::new().unwrap();
    let agent = Agent::start(kept(dir.path())).await.unwrap();
    let http = agent.addresses().http.unwrap();
    let flags = Flags { http_port: Some(i64::from(http.port())), ..Flags::ephemeral() };
    let error = Agent::start(config::load(&flags).unwrap()).await.err().unwrap();
    let text = format!("{error:#}");
    let said = format!("the HTTP port cannot be opened on {http}, where another process listens already: end that one");
    assert!(text.starts_with(&said), "{text}");
    let error = Agent::start(kept(dir.path())).await.err().unwrap();
    assert!(error.to_string().ends_with("is in use by another process"), "{error}");
    agent.shutdown().await;
    Agent::start(kept(dir.path())).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_renamed_takes_its_registrations_along() {
    let dir = TempDir::new().unwrap();
    let agent = Agent::start(kept(dir.path())).await.unwrap();
    let client = Client::of(&agent);
    client.put("/v1/agent/service/register", &web("60s")).await;
    client.until_status("web", "passing").await;
    let before = client.get("/v1/agent/services").await.json();
    agent.shutdown().await;
    let flags = Flags { node: Some("n2".into()), ..kept_flags(dir.path()) };
    let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
    let client = Client::of(&agent);
    let nodes = client.get("/v1/catalog/nodes").await.json();
    let names: Vec<_> = nodes.as_array().unwrap().iter().map(|node| &node["Node"]).collect();
    assert_eq!(names, ["n2"]);
    assert_eq!(client.get("/v1/agent/services").await.json(), before);
    client.until_status("web", "passing").await;
    let web = client.get("/v1/health/service/web").await.json();
    assert_eq!(web[0]["Node"]["Node"], "n2", "{web:#}");
    let servers = client.get("/v1/health/service/consul?passing").await.json();
    assert_eq!(servers.as_array().unwrap().len(), 1, "{servers:#}");
    agent.shutdown().await;
}
