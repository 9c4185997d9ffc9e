//! Intentions for TCP services: a refused caller's connection is closed, within a second of the
//! write's answer.

use serde_json::json;

use crate::harness::{Line, Plan, Protocol, SECOND, Steady, closing_tcp, tcp, tell_times, until_ok};

#[tokio::test]
async fn deny_and_allow_reach_traffic_within_a_second() {
    let mesh = Plan::of(Protocol::Tcp).quiet().start().await;
    let mut times = Vec::new();
    for _ in 0..10 {
        mesh.agent.intend("web", "api", "deny").await;
        times.push(until_ok("deny closes", SECOND, async || closing_tcp(mesh.upstream).await).await.1);
        mesh.agent.intend("web", "api", "allow").await;
        times.push(until_ok("allow passes", SECOND, async || tcp(mesh.upstream).await).await.1);
    }
    tell_times("TCP", times);
}

#[tokio::test]
async fn what_is_denied_stays_denied_and_reaches_nothing() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    mesh.agent.intend("web", "api", "deny").await;
    until_ok("deny closes", SECOND, async || closing_tcp(mesh.upstream).await).await;
    let seen = mesh.api.backend.seen();
    for _ in 0..50 {
        closing_tcp(mesh.upstream).await.unwrap();
    }
    assert_eq!(mesh.api.backend.seen(), seen);
}

#[tokio::test]
async fn exact_beats_wildcard() {
    let mesh = Plan::of(Protocol::Tcp).quiet().start().await;
    let (agent, port) = (&mesh.agent, mesh.upstream);
    agent.intend("*", "api", "deny").await;
    until_ok("the wildcard source closes", SECOND, async || closing_tcp(port).await).await;
    agent.intend("web", "api", "allow").await;
    until_ok("the exact source wins", SECOND, async || tcp(port).await).await;
    agent.intend("*", "api", "allow").await;
    agent.intend("web", "api", "deny").await;
    until_ok("the exact source wins again", SECOND, async || closing_tcp(port).await).await;
    agent.forget_intention("web", "api").await;
    until_ok("the wildcard decides once more", SECOND, async || tcp(port).await).await;
    agent.intend("*", "*", "deny").await;
    until_ok("an exact destination beats any", SECOND, async || tcp(port).await).await;
    agent.forget_intention("*", "api").await;
    until_ok("the last wildcard decides", SECOND, async || closing_tcp(port).await).await;
}

#[tokio::test]
async fn other_peoples_intentions_disturb_no_call() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let steady = Steady::tcp(mesh.upstream);
    for round in 0..20 {
        let action = if round % 2 == 0 { "deny" } else { "allow" };
        mesh.agent.intend("someone", "api", action).await;
        mesh.call().await.unwrap();
    }
    steady.end().await.assert_none_failed(50);
}

/// An intention that decides by request cannot be judged for TCP: nothing of it may pass.
#[tokio::test]
async fn permissions_by_request_deny_a_tcp_caller() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let allow_all = json!([{ "Action": "allow", "HTTP": { "PathPrefix": "/" } }]);
    let path = "/v1/connect/intentions/exact?source=web&destination=api";
    let reply = mesh.agent.send("PUT", path, json!({ "Permissions": allow_all }).to_string()).await;
    if reply.status == 200 {
        until_ok("the connection is closed", SECOND, async || closing_tcp(mesh.upstream).await).await;
    } else {
        assert!(reply.text().contains("protocol"), "{} {}", reply.status, reply.text());
    }
}

/// A connection that was let through ends, too, when its caller is denied: after the drain.
#[tokio::test]
async fn an_open_connection_ends_when_its_caller_is_denied() {
    let mesh = Plan::of(Protocol::Tcp).quiet().start().await;
    let mut open = Line::open(mesh.upstream).await.unwrap();
    assert_eq!(open.say("one").await.unwrap(), "api-1 one");
    mesh.agent.intend("web", "api", "deny").await;
    until_ok("deny closes", SECOND, async || closing_tcp(mesh.upstream).await).await;
    until_ok("the open connection is closed", 2 * SECOND, async || match open.say("two").await {
        Err(_) => Ok(()),
        answer => Err(format!("{answer:?}")),
    })
    .await;
}

#[tokio::test]
async fn where_the_default_denies_only_an_intention_lets_through() {
    let mesh = Plan::of(Protocol::Tcp).denying().start().await;
    mesh.agent.forget_intention("web", "api").await;
    until_ok("without an intention the call is closed", SECOND, async || closing_tcp(mesh.upstream).await).await;
    assert!(!mesh.agent.check("web", "api").await);
    mesh.agent.intend("*", "api", "allow").await;
    until_ok("an intention lets it through", SECOND, async || tcp(mesh.upstream).await).await;
}
