//! `merge-central-config`: proxies with what the config entries say put in.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::Agent;
use tokio::time::{sleep, timeout};

async fn mesh() -> Agent {
    let agent = Agent::start().await;
    let sidecar = json!({"Proxy": {"Config": {"own": 1, "nested": {"a": 1}}, "Upstreams": [
        {"DestinationName": "db", "LocalBindPort": 9001, "Config": {"connect_timeout_ms": 7}},
        {"DestinationName": "cache", "LocalBindPort": 9002}]}});
    let web = json!({"Name": "web", "Port": 80, "Connect": {"SidecarService": sidecar}});
    agent.done("/v1/agent/service/register", web).await;
    let everywhere = json!({"Kind": "proxy-defaults", "Name": "global", "MeshGateway": {"Mode": "local"},
        "Config": {"own": 2, "nested": {"a": 2, "b": 2}, "protocol": "http"}});
    agent.done("/v1/config", everywhere).await;
    let own = json!({"Kind": "service-defaults", "Name": "web", "Protocol": "grpc", "MaxInboundConnections": 5,
        "Expose": {"Checks": true}, "UpstreamConfig": {
            "Defaults": {"ConnectTimeoutMs": 3000, "MeshGateway": {"Mode": "remote"}},
            "Overrides": [{"Name": "db", "Limits": {"MaxConnections": 9}}, {"Name": "more", "Protocol": "tcp"}]}});
    agent.done("/v1/config", own).await;
    agent
}

async fn proxy(agent: &Agent, path: &str, place: &str) -> Value {
    agent.get(path).await.json().pointer(place).unwrap().clone()
}

#[tokio::test]
async fn the_registration_goes_first_then_the_service_then_all() {
    let agent = mesh().await;
    let plain = proxy(&agent, "/v1/health/connect/web", "/0/Service/Proxy").await;
    assert_eq!(plain["Config"], json!({"own": 1, "nested": {"a": 1}}), "unasked for, nothing is put in");
    for (path, place) in [
        ("/v1/health/connect/web?merge-central-config=", "/0/Service/Proxy"),
        ("/v1/health/service/web-sidecar-proxy?merge-central-config", "/0/Service/Proxy"),
        ("/v1/catalog/connect/web?merge-central-config", "/0/ServiceProxy"),
        ("/v1/catalog/service/web-sidecar-proxy?merge-central-config", "/0/ServiceProxy"),
        ("/v1/catalog/node-services/n1?merge-central-config&filter=Kind==`connect-proxy`", "/Services/0/Proxy"),
    ] {
        let merged = proxy(&agent, path, place).await;
        let config = json!({"own": 1, "nested": {"a": 1, "b": 2}, "protocol": "grpc", "max_inbound_connections": 5});
        assert_eq!(merged["Config"], config, "{path}");
        assert_eq!(merged["MeshGateway"], json!({"Mode": "local"}), "{path}");
        assert_eq!(merged["Expose"], json!({"Checks": true}), "{path}");
        let upstreams = merged["Upstreams"].as_array().unwrap();
        assert_eq!(upstreams.len(), 2, "{path}: only a transparent proxy gets upstreams that it does not name");
        assert_eq!(upstreams[0]["MeshGateway"], json!({"Mode": "remote"}), "{path}");
        assert_eq!(upstreams[0]["Config"]["connect_timeout_ms"], 7, "{path}");
        assert_eq!(upstreams[0]["Config"]["limits"]["MaxConnections"], 9, "{path}");
        assert_eq!(upstreams[1]["Config"], json!({"connect_timeout_ms": 3000, "protocol": "http"}), "{path}");
    }
    let application = proxy(&agent, "/v1/health/service/web?merge-central-config", "/0/Service/Proxy").await;
    assert_eq!(application, json!({"MeshGateway": {}, "Expose": {}}), "what is no proxy stays as it is");
}

#[tokio::test]
async fn a_transparent_proxy_gets_the_upstreams_of_the_entries() {
    let agent = mesh().await;
    let everywhere = json!({"Kind": "proxy-defaults", "Name": "global", "Mode": "transparent",
        "TransparentProxy": {"OutboundListenerPort": 15001}});
    agent.done("/v1/config", everywhere).await;
    let merged = proxy(&agent, "/v1/health/connect/web?merge-central-config", "/0/Service/Proxy").await;
    assert_eq!(merged["Mode"], "transparent");
    assert_eq!(merged["TransparentProxy"]["OutboundListenerPort"], 15001);
    let names: Vec<_> = merged["Upstreams"].as_array().unwrap().iter().map(|one| &one["DestinationName"]).collect();
    assert_eq!(names, ["db", "cache", "*", "more"]);
}

#[tokio::test]
async fn an_entry_that_is_put_in_wakes_who_waits() {
    let agent = mesh().await;
    let path = "/v1/health/connect/web?merge-central-config";
    for entry in [
        json!({"Kind": "service-defaults", "Name": "cache", "Protocol": "http2"}),
        json!({"Kind": "proxy-defaults", "Name": "global", "Config": {"protocol": "http", "new": true}}),
        json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"}),
    ] {
        let before = agent.get(path).await;
        let (asker, waiting) = (agent.clone(), format!("{path}&index={}&wait=60s", before.index()));
        let watched = tokio::spawn(async move { asker.get(&waiting).await });
        sleep(Duration::from_millis(20)).await;
        agent.done("/v1/config", entry.clone()).await;
        let after = timeout(Duration::from_secs(30), watched).await.unwrap().unwrap();
        assert!(after.index() > before.index(), "{entry}");
        assert_ne!(after.json(), before.json(), "{entry}");
    }
}
