//! The agent dies and comes back on the same data: traffic goes on, nothing is lost, and what has
//! not changed is not sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Envoy, Mesh, Plan, Protocol, SECOND, Steady, caller, free_port, until, until_ok};

const RECONNECT: Duration = Duration::from_secs(30);

/// How often Envoy has taken something new, for each kind of resource.
const CHANGES: &str = "^(cluster_manager\\.cluster_(added|modified|removed)|\
    listener_manager\\.listener_(added|modified|removed|in_place_updated)|\
    .*\\.config_reload|cluster\\.api\\..*\\.(update_success|membership_change))$";
/// The same, of the endpoints of `api` alone.
const ENDPOINT_CHANGES: &str = "^cluster\\.api\\..*\\.(update_success|membership_change)$";

/// Version and time of the last update of each listener, cluster, endpoint set and route.
async fn versions(envoy: &Envoy) -> BTreeMap<String, String> {
    let dump = envoy.config_dump().await;
    let mut versions = BTreeMap::new();
    collect(&dump, &mut versions);
    versions.retain(|name, _| !name.contains("Secret"));
    versions
}

fn collect(value: &Value, versions: &mut BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, versions)),
        Value::Object(fields) => {
            if let Some(version) = fields.get("version_info").and_then(Value::as_str) {
                // Without a resource it is the version of the last response of that type.
                if let Some(resource) = fields.values().find(|value| value.get("@type").is_some()) {
                    let key = format!("{} {}", resource["@type"], resource["name"]);
                    versions.insert(key, format!("{version} {:?}", fields.get("last_updated")));
                }
            }
            fields.values().for_each(|field| collect(field, versions));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn reconnected(envoy: &Envoy) {
    until("Envoy has its stream again", RECONNECT, async || envoy.stat("control_plane.connected_state").await == 1)
        .await;
}

async fn disconnected(mesh: &Mesh) {
    for envoy in [&mesh.web, &mesh.api.envoy] {
        until("Envoy notices", RECONNECT, async || envoy.stat("control_plane.connected_state").await == 0).await;
    }
}

#[tokio::test]
async fn a_killed_agent_takes_no_call_with_it_and_comes_back_with_everything() {
    let mut mesh = Plan::of(Protocol::Http).durable().start().await;
    mesh.agent.intend("nobody", "api", "deny").await;
    let services = mesh.agent.get("/v1/agent/services").await;
    let catalog = mesh.agent.get("/v1/catalog/services").await;
    let intentions = mesh.agent.get("/v1/connect/intentions").await;
    let roots = mesh.agent.get("/v1/connect/ca/roots").await;
    let steady = Steady::http(mesh.upstream);

    mesh.agent.kill();
    disconnected(&mesh).await;
    for _ in 0..100 {
        mesh.call().await.unwrap();
    }
    mesh.agent.restart().await;
    assert_eq!(mesh.agent.get("/v1/agent/services").await, services);
    assert_eq!(mesh.agent.get("/v1/catalog/services").await, catalog);
    assert_eq!(mesh.agent.get("/v1/connect/intentions").await, intentions);
    assert_eq!(mesh.agent.get("/v1/connect/ca/roots").await, roots);
    let passing = mesh.agent.get("/v1/health/service/api?passing").await;
    assert_eq!(passing.as_array().map(Vec::len), Some(1), "{passing}");

    for envoy in [&mesh.web, &mesh.api.envoy] {
        reconnected(envoy).await;
    }
    let _second = mesh.add_instance("api-2").await;
    mesh.agent.deregister("api-1").await;
    until_ok("the change has reached the caller", SECOND, async || match mesh.call().await? {
        text if text.starts_with("api-2") => Ok(()),
        text => Err(text),
    })
    .await;
    steady.end().await.assert_none_failed(200);
    mesh.agent.intend("web", "api", "deny").await;
    until_ok("an intention after the restart holds", SECOND, async || match mesh.call().await {
        Err(text) if text.starts_with("403") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_after_a_restart() {
    let mut mesh = Plan::of(Protocol::Http).durable().start().await;
    let state = async |envoy: &Envoy, stats: &str| (versions(envoy).await, envoy.stats(stats).await);
    let web = state(&mesh.web, ENDPOINT_CHANGES).await;
    let api = state(&mesh.api.envoy, CHANGES).await;
    // Two listeners and two clusters; one update of the endpoints at least.
    assert!(web.0.len() >= 4 && web.1.values().sum::<u64>() > 0, "{web:?}");
    assert!(api.0.len() >= 2 && api.1.values().sum::<u64>() > 0, "{api:?}");
    mesh.agent.kill();
    disconnected(&mesh).await;
    mesh.agent.restart().await;
    for envoy in [&mesh.web, &mesh.api.envoy] {
        reconnected(envoy).await;
    }
    // A change of something else is seen to arrive: by then all that comes before it has arrived too.
    let port = free_port();
    let upstreams = json!([
        { "DestinationName": "api", "LocalBindPort": mesh.upstream },
        { "DestinationName": "other", "LocalBindPort": port },
    ]);
    mesh.agent.register(&caller("web", mesh.web_public, &upstreams)).await;
    until_ok("the new upstream is there", RECONNECT, async || {
        let found = versions(&mesh.web).await;
        if found.keys().any(|key| key.contains("other")) { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    let mut after = state(&mesh.web, ENDPOINT_CHANGES).await;
    after.0.retain(|key, _| !key.contains("other"));
    assert_eq!(after, web);
    assert_eq!(state(&mesh.api.envoy, CHANGES).await, api);
}

/// The same agent, ended by a signal, says goodbye and exits cleanly; its data is there afterwards.
#[tokio::test]
async fn an_agent_that_is_asked_to_end_does_so_with_code_0() {
    let mut mesh = Plan::of(Protocol::Tcp).durable().start().await;
    let status = mesh.agent.terminate().await;
    assert_eq!(status.code(), Some(0), "{status:?}");
    mesh.call().await.unwrap();
    mesh.agent.restart().await;
    assert!(mesh.agent.get("/v1/agent/services").await.get("api-1").is_some());
}
