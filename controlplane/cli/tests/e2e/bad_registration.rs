//! A registration that makes no valid resource fails alone: other proxies, and the other upstreams of
//! the same proxy, keep working.

use serde_json::{Value, json};

use crate::harness::{Mesh, Plan, Protocol, SECOND, caller, free_port, until_ok};

/// Upstreams that can be written down and cannot be made.
fn odd_upstreams(public: u16) -> Vec<Value> {
    vec![
        json!({ "DestinationName": "a", "LocalBindPort": free_port(), "LocalBindAddress": "no such address" }),
        json!({ "DestinationName": "b", "LocalBindPort": free_port(), "DestinationPeer": "far" }),
        json!({ "DestinationName": "c", "LocalBindPort": free_port(), "Datacenter": "dc9" }),
        json!({ "DestinationName": "d", "LocalBindPort": free_port(), "DestinationType": "prepared_query" }),
        json!({ "DestinationName": "e", "LocalBindPort": public, "LocalBindAddress": "0.0.0.0" }),
        json!({ "DestinationName": "f", "LocalBindPort": free_port(), "Config": { "connect_timeout_ms": "soon" } }),
        json!({ "DestinationName": "g", "LocalBindPort": free_port(), "Config": { "envoy_listener_json": "{" } }),
        json!({ "DestinationName": "name with spaces/and..dots", "LocalBindPort": free_port() }),
    ]
}

async fn works(mesh: &Mesh) {
    mesh.call().await.unwrap();
    for (action, is_served) in [("deny", false), ("allow", true)] {
        mesh.agent.intend("web", "api", action).await;
        until_ok(action, SECOND, async || match mesh.call().await {
            result if result.is_ok() == is_served => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
    for envoy in [&mesh.web, &mesh.api.envoy] {
        assert_eq!(envoy.stat("listener_manager.lds.update_rejected").await, 0);
        assert_eq!(envoy.stat("cluster_manager.cds.update_rejected").await, 0);
    }
}

#[tokio::test]
async fn an_odd_upstream_harms_no_other() {
    let mesh = Plan::of(Protocol::Http).start().await;
    for odd in odd_upstreams(mesh.web_public) {
        let good = json!({ "DestinationName": "api", "LocalBindPort": mesh.upstream });
        for upstreams in [json!([good, odd]), json!([odd, good])] {
            let body = caller("web", mesh.web_public, &upstreams).to_string();
            let reply = mesh.agent.send("PUT", "/v1/agent/service/register", body).await;
            // Refused at the door, or left out: either is fine, as long as the rest works.
            assert!([200, 400].contains(&reply.status), "{upstreams}: {} {}", reply.status, reply.text());
            works(&mesh).await;
        }
    }
}

#[tokio::test]
async fn an_odd_instance_harms_no_other() {
    let mesh = Plan::of(Protocol::Http).start().await;
    for odd in [
        json!({ "Name": "api", "ID": "odd", "Address": "no such address", "Port": 1, "Connect": { "SidecarService": {} } }),
        json!({ "Name": "api", "ID": "odd", "Port": 0, "Connect": { "SidecarService": { "Port": free_port() } } }),
        json!({ "Name": "api", "ID": "odd", "Address": "a..b", "Port": 1, "Connect": { "SidecarService": { "Port": 1 } } }),
    ] {
        let reply = mesh.agent.send("PUT", "/v1/agent/service/register", odd.to_string()).await;
        assert!([200, 400].contains(&reply.status), "{odd}: {} {}", reply.status, reply.text());
        // Not because it is odd, but because nobody listens there, callers must not be sent to it.
        if reply.status == 200 {
            mesh.agent.put("/v1/agent/service/maintenance/odd?enable=true", &Value::Null).await;
        }
        until_ok("calls pass", SECOND, async || mesh.call().await).await;
        works(&mesh).await;
    }
}
