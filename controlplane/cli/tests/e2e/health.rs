//! Instances that leave and come back, under calls that never fail.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Mesh, Plan, Protocol, SECOND, Steady, until_ok};

/// Which instances answer a few calls in a row.
async fn answering(mesh: &Mesh) -> Result<BTreeSet<String>, String> {
    let mut instances = BTreeSet::new();
    for _ in 0..12 {
        let text = mesh.call().await?;
        instances.insert(text.split(' ').next().unwrap_or_default().to_owned());
    }
    Ok(instances)
}

async fn expect_only(mesh: &Mesh, instances: &[&str]) {
    let wanted: BTreeSet<_> = instances.iter().map(|&name| name.to_owned()).collect();
    until_ok(&format!("{instances:?} answer"), SECOND, async || match answering(mesh).await? {
        found if found == wanted => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

async fn set_check(mesh: &Mesh, verb: &str, id: &str) {
    mesh.agent.put(&format!("/v1/agent/check/{verb}/service:{id}"), &Value::Null).await;
}

async fn leaves_and_returns(plan: Plan) {
    let mesh = plan.quiet().start().await;
    let second = mesh.add_instance("api-2").await;
    expect_only(&mesh, &["api-1", "api-2"]).await;
    let steady = match plan.protocol {
        Protocol::Tcp => Steady::tcp(mesh.upstream),
        Protocol::Http | Protocol::Http2 | Protocol::Grpc => Steady::http(mesh.upstream),
    };

    set_check(&mesh, "fail", "api-1").await;
    expect_only(&mesh, &["api-2"]).await;
    let seen = mesh.api.backend.seen();
    for _ in 0..50 {
        mesh.call().await.unwrap();
    }
    assert_eq!(mesh.api.backend.seen(), seen, "an instance that was taken out got a call");

    set_check(&mesh, "pass", "api-1").await;
    expect_only(&mesh, &["api-1", "api-2"]).await;
    set_check(&mesh, "warn", "api-1").await;
    expect_only(&mesh, &["api-1", "api-2"]).await;

    mesh.agent.deregister("api-2").await;
    expect_only(&mesh, &["api-1"]).await;
    // Now it may end: nobody calls it any more.
    drop(second);
    for _ in 0..50 {
        mesh.call().await.unwrap();
    }
    steady.end().await.assert_none_failed(100);
}

#[tokio::test]
async fn a_critical_or_deregistered_instance_gets_no_http_call_and_none_fails() {
    leaves_and_returns(Plan::of(Protocol::Http)).await;
}

#[tokio::test]
async fn a_critical_or_deregistered_instance_gets_no_tcp_call_and_none_fails() {
    leaves_and_returns(Plan::of(Protocol::Tcp)).await;
}

/// Nobody left: callers are told so at once, they do not hang.
#[tokio::test]
async fn without_a_healthy_instance_calls_are_refused_at_once() {
    let mesh = Plan::of(Protocol::Http).start().await;
    set_check(&mesh, "fail", "api-1").await;
    until_ok("503", SECOND, async || match mesh.call().await {
        Err(text) if text.starts_with("503") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    set_check(&mesh, "pass", "api-1").await;
    until_ok("it answers again", SECOND, async || mesh.call().await).await;
}

/// A TTL that nobody renews ends the same way.
#[tokio::test]
async fn an_expired_ttl_takes_the_instance_out() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let second = mesh.add_instance("api-2").await;
    let check = serde_json::json!({ "Name": "beat", "ServiceID": "api-2", "TTL": "1s", "Status": "passing" });
    mesh.agent.put("/v1/agent/check/register", &check).await;
    until_ok("the TTL has run out and only the other answers", 3 * SECOND, async || {
        let found = answering(&mesh).await?;
        if found.contains("api-2") { Err(format!("{found:?}")) } else { Ok(()) }
    })
    .await;
    mesh.agent.put("/v1/agent/check/pass/beat", &Value::Null).await;
    expect_only(&mesh, &["api-1", "api-2"]).await;
    drop(second);
}
