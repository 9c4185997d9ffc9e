//! Whole agents with ADS clients: what proxies are sent, and when.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::ads::Stream;
use support::{Client, dev, kept};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tonic::Code;
use weft_proto::envoy::cluster::Cluster;
use weft_proto::envoy::endpoint::ClusterLoadAssignment;
use weft_proto::envoy::extension::tls::Secret;
use weft_proto::envoy::listener::Listener;
use weft_server::Agent;

const API: &str = "api.default.dc1.internal";

/// A service with a sidecar, whose own check says that it is well.
fn service(name: &str, upstreams: &Value) -> Value {
    let proxy = json!({"Upstreams": upstreams});
    let sidecar = json!({"Proxy": proxy, "Check": {"TTL": "60s", "Status": "passing"}});
    json!({"Name": name, "Port": 8080, "Connect": {"SidecarService": sidecar}})
}

fn calls_api() -> Value {
    json!([{"DestinationName": "api", "LocalBindPort": 9191}])
}

async fn mesh(agent: &Agent) -> Client {
    let client = Client::of(agent);
    client.put("/v1/agent/service/register", &service("api", &json!([]))).await;
    client.put("/v1/agent/service/register", &service("web", &calls_api())).await;
    client
}

async fn open(agent: &Agent, id: &str) -> Stream {
    Stream::open(agent.addresses().grpc.unwrap(), id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_is_sent_its_own_config_and_later_changes() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = mesh(&agent).await;
    let mut web = open(&agent, "web-sidecar-proxy").await;
    let clusters = web.until::<Cluster>(|clusters| clusters.len() == 2).await;
    let api = clusters.keys().find(|name| name.starts_with(API)).unwrap().clone();
    assert!(clusters.contains_key("local_app"), "{clusters:?}");
    web.until::<Listener>(|listeners| listeners.len() == 2).await;
    let one_instance = |sets: &support::ads::Held<ClusterLoadAssignment>| instances(sets.get(&api)) == 1;
    web.until::<ClusterLoadAssignment>(one_instance).await;

    client.put("/v1/agent/check/fail/service:api-sidecar-proxy", &Value::Null).await;
    let none = |sets: &support::ads::Held<ClusterLoadAssignment>| instances(sets.get(&api)) == 0;
    timeout(Duration::from_secs(30), web.until::<ClusterLoadAssignment>(none)).await.unwrap();
    agent.shutdown().await;
}

fn instances(assignment: Option<&ClusterLoadAssignment>) -> usize {
    assignment.map_or(0, |assignment| {
        let endpoints = assignment.endpoints.iter().flat_map(|locality| &locality.lb_endpoints);
        endpoints.filter(|endpoint| endpoint.health_status < 2).count()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_plain_services_have_no_stream() {
    let agent = Agent::start(dev()).await.unwrap();
    mesh(&agent).await;
    for id in ["nobody", "web", "consul"] {
        let status = open(&agent, id).await.ended().await;
        assert_eq!(status.code(), Code::NotFound, "{id}: {status}");
    }
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_leaves_the_catalog_loses_its_stream_and_is_sent_nothing_before() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = mesh(&agent).await;
    let mut web = open(&agent, "web-sidecar-proxy").await;
    web.until::<Listener>(|listeners| listeners.len() == 2).await;
    client.put("/v1/agent/service/deregister/web", &Value::Null).await;
    let status = timeout(Duration::from_secs(30), web.ended()).await.unwrap();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reconnecting_proxy_has_is_not_sent_again_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let agent = Agent::start(kept(dir.path())).await.unwrap();
    mesh(&agent).await;
    let mut web = open(&agent, "web-sidecar-proxy").await;
    web.until::<Secret>(|secrets| secrets.len() >= 2).await;
    web.until::<ClusterLoadAssignment>(|sets| !sets.is_empty()).await;
    web.quiet(Duration::from_millis(300)).await;
    let held = web.versions();
    agent.shutdown().await;

    let agent = Agent::start(kept(dir.path())).await.unwrap();
    let mut again = Stream::reopen(agent.addresses().grpc.unwrap(), "web-sidecar-proxy", &held).await;
    again.quiet(Duration::from_millis(700)).await;
    assert_eq!(again.received, 0, "{:?}", again.versions());
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_root_reaches_proxies_before_the_leaves_that_it_signs() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = mesh(&agent).await;
    let mut web = open(&agent, "web-sidecar-proxy").await;
    web.until::<Secret>(|secrets| secrets.len() >= 2).await;
    web.quiet(Duration::from_millis(200)).await;
    let mark = web.log.len();
    let key = weft_ca::CaKey::generate(weft_ca::KeySpec::from_config("ec", 256).unwrap()).unwrap();
    let wanted = json!({"Provider": "consul", "Config": {"PrivateKey": key.private_pem().0}});
    let rotation = tokio::spawn(async move { client.put("/v1/connect/ca/configuration", &wanted).await });
    while web.log[mark..].len() < 2 {
        web.take().await.unwrap();
    }
    timeout(Duration::from_secs(30), rotation).await.unwrap().unwrap();
    assert_eq!(web.log[mark].1, ["roots"], "{:?}", &web.log[mark..]);
    assert_eq!(web.log[mark + 1].1, ["leaf"], "{:?}", &web.log[mark..]);
    agent.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_shows_what_was_acknowledged() {
    let agent = Agent::start(dev()).await.unwrap();
    let client = mesh(&agent).await;
    let mut web = open(&agent, "web-sidecar-proxy").await;
    web.until::<Listener>(|listeners| listeners.len() == 2).await;
    web.quiet(Duration::from_millis(200)).await;
    sleep(Duration::from_millis(50)).await;
    let proxies = client.get("/v1/weft/proxies").await.json();
    let text = proxies.to_string();
    assert!(text.contains("web-sidecar-proxy") && text.contains("acked_version"), "{proxies:#}");
    agent.shutdown().await;
    assert_eq!(web.ended().await.code(), Code::Unavailable);
}
