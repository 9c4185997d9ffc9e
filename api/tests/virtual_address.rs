//! The virtual address among the tagged ones of mesh instances: shown by the catalog, unknown to agents.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::Agent;
use tokio::time::{sleep, timeout};

fn web() -> Value {
    json!({"Name": "web", "Port": 80, "TaggedAddresses": {"wan": {"Address": "1.2.3.4", "Port": 443}},
        "Connect": {"SidecarService": {"Port": 21000}}})
}

/// What `path` shows under `pointer`.
async fn shown(agent: &Agent, path: &str, pointer: &str) -> Value {
    agent.get(path).await.json().pointer(pointer).cloned().unwrap_or_default()
}

#[tokio::test]
async fn mesh_instances_show_the_address_of_what_they_serve() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web()).await;
    agent.done("/v1/agent/service/register", json!({"Name": "db", "Port": 81, "Connect": {"Native": true}})).await;
    let of = async |name: &str| {
        let chain = agent.get(&format!("/v1/discovery-chain/{name}")).await.json();
        chain["Chain"]["AutoVirtualIPs"][0].clone()
    };
    let (web, db) =
        (json!({"Address": of("web").await, "Port": 21000}), json!({"Address": of("db").await, "Port": 81}));
    assert!(web["Address"].is_string() && db["Address"].is_string() && web["Address"] != db["Address"]);
    let (health, catalog) = ("/0/Service/TaggedAddresses/consul-virtual", "/0/ServiceTaggedAddresses/consul-virtual");
    for (path, pointer, wanted) in [
        ("/v1/health/service/web-sidecar-proxy", health, &web),
        ("/v1/health/connect/web", health, &web),
        ("/v1/health/connect/web?filter=Service.TaggedAddresses%5B%22consul-virtual%22%5D.Port==21000", health, &web),
        ("/v1/health/service/db", health, &db),
        ("/v1/catalog/service/web-sidecar-proxy", catalog, &web),
        ("/v1/catalog/connect/web?merge-central-config", catalog, &web),
        ("/v1/catalog/service/db", catalog, &db),
        ("/v1/catalog/node-services/n1?filter=ID==db", "/Services/0/TaggedAddresses/consul-virtual", &db),
        ("/v1/catalog/node/n1", "/Services/web-sidecar-proxy/TaggedAddresses/consul-virtual", &web),
        // An instance beside a proxy is reached by its own address.
        ("/v1/health/service/web", health, &Value::Null),
        ("/v1/catalog/service/web", catalog, &Value::Null),
        ("/v1/health/service/web", "/0/Service/TaggedAddresses/wan/Port", &json!(443)),
    ] {
        assert_eq!(shown(&agent, path, pointer).await, *wanted, "{path}");
    }
}

#[tokio::test]
async fn an_agent_keeps_what_was_registered_with_it() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web()).await;
    for path in ["/v1/agent/services", "/v1/agent/service/web-sidecar-proxy"] {
        assert!(!agent.get(path).await.text.contains("consul-virtual"), "{path}");
    }
    let before = agent.get("/v1/catalog/service/web-sidecar-proxy").await;
    agent.done("/v1/agent/service/register", web()).await;
    let after = agent.get("/v1/catalog/service/web-sidecar-proxy").await;
    assert_eq!((before.text.clone(), before.index()), (after.text.clone(), after.index()), "nothing has changed");
}

#[tokio::test]
async fn whoever_waits_for_an_endpoint_gets_it_with_its_address() {
    let agent = Agent::start().await;
    for path in ["/v1/health/connect/web", "/v1/catalog/service/web-sidecar-proxy"] {
        let index = agent.get(path).await.index();
        let (waiting, path) = (agent.clone(), format!("{path}?index={index}&wait=60s"));
        let waiting = tokio::spawn(async move { waiting.get(&path).await });
        sleep(Duration::from_millis(20)).await;
        agent.done("/v1/agent/service/register", web()).await;
        let woken = timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
        assert!(woken.text.contains("consul-virtual"), "{}", woken.text);
        agent.done("/v1/agent/service/deregister/web", Value::Null).await;
    }
}
