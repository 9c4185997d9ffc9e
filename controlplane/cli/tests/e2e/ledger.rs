//! What the proxies have acknowledged and refused, as the API and the command line show it.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Agent, Mesh, Plan, Protocol, Xds, caller, free_port, run, until_ok};

const SOON: Duration = Duration::from_secs(10);

async fn proxy(agent: &Agent, node: &str) -> Result<Value, String> {
    let all = agent.get("/v1/weft/proxies").await;
    let found = all.as_array().into_iter().flatten().find(|proxy| proxy["node"] == node);
    found.cloned().ok_or_else(|| format!("{node} is not in {all}"))
}

/// The types that a proxy has asked for, all acknowledged.
fn in_step(proxy: &Value) -> Result<Vec<String>, String> {
    let types = proxy["types"].as_object().ok_or("no types")?;
    let is_acked = |of: &Value| of["sent_version"] == of["acked_version"] && of["acked_index"].as_u64() > Some(0);
    if types.values().all(is_acked) { Ok(types.keys().cloned().collect()) } else { Err(proxy.to_string()) }
}

async fn shows_both_sidecars(xds: Xds) {
    let mesh = Plan::of(Protocol::Http).over(xds).start().await;
    for (node, cluster) in [("web-sidecar-proxy", "web"), ("api-1-sidecar-proxy", "api")] {
        let (types, _) = until_ok("all is acknowledged", SOON, async || {
            let proxy = proxy(&mesh.agent, node).await?;
            assert_eq!(proxy["cluster"], cluster);
            in_step(&proxy)
        })
        .await;
        assert!(types.contains(&"lds".to_owned()) && types.contains(&"cds".to_owned()), "{types:?}");
    }
    let shown = run(&["proxies", "--http-addr", &mesh.agent.address()]).await;
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("web-sidecar-proxy") && shown.stdout.contains("in step"), "{}", shown.stdout);
}

#[tokio::test]
async fn delta_proxies_are_shown_with_what_they_have_taken() {
    shows_both_sidecars(Xds::Delta).await;
}

#[tokio::test]
async fn state_of_the_world_proxies_are_shown_with_what_they_have_taken() {
    shows_both_sidecars(Xds::StateOfTheWorld).await;
}

#[tokio::test]
async fn a_proxy_that_leaves_goes_from_the_list() {
    let Mesh { web, api, agent, scratch, .. } = Plan::of(Protocol::Tcp).start().await;
    drop(web);
    until_ok("one is left", SOON, async || {
        let proxies = agent.get("/v1/weft/proxies").await;
        if proxies.as_array().is_some_and(|proxies| proxies.len() == 1) { Ok(()) } else { Err(proxies.to_string()) }
    })
    .await;
    drop((api, scratch));
}

/// A listener that Envoy cannot open is refused with Envoy's words; the other upstream works, before and after.
#[tokio::test]
async fn a_refusal_is_shown_with_its_reason_and_harms_nothing_else() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let upstreams = json!([
        { "DestinationName": "api", "LocalBindPort": mesh.upstream },
        { "DestinationName": "other", "LocalBindPort": port },
    ]);
    mesh.agent.register(&caller("web", mesh.web_public, &upstreams)).await;
    until_ok("the refusal is in the ledger", SOON, async || {
        let proxy = proxy(&mesh.agent, "web-sidecar-proxy").await?;
        let refusal = proxy["types"]["lds"]["last_nack"].to_string();
        if refusal.contains(&port.to_string()) { Ok(()) } else { Err(proxy.to_string()) }
    })
    .await;
    let shown = run(&["proxies", "--http-addr", &mesh.agent.address()]).await;
    assert!(shown.stdout.contains("refused") && shown.stdout.contains(&port.to_string()), "{}", shown.stdout);
    mesh.call().await.unwrap();
    mesh.agent.intend("web", "api", "deny").await;
    until_ok("changes still arrive", SOON, async || match mesh.call().await {
        Err(text) if text.starts_with("403") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    // With the reason gone, a registration that works is taken.
    let upstreams = json!([
        { "DestinationName": "api", "LocalBindPort": mesh.upstream },
        { "DestinationName": "other", "LocalBindPort": free_port() },
    ]);
    mesh.agent.register(&caller("web", mesh.web_public, &upstreams)).await;
    until_ok("all is acknowledged", SOON, async || in_step(&proxy(&mesh.agent, "web-sidecar-proxy").await?)).await;
}
