//! Every protocol over both variants of xDS.

use serde_json::json;

use crate::harness::{
    Agent, Backend, Envoy, Http1, Load, Mesh, Plan, Protocol, SECOND, Scratch, Xds, callee, caller, closing_tcp,
    free_port, grpc, tcp, until_ok,
};

/// A refused call, as each protocol shows it.
async fn refused(mesh: &Mesh) -> Result<(), String> {
    if mesh.plan.protocol == Protocol::Tcp {
        return closing_tcp(mesh.upstream).await;
    }
    if mesh.plan.protocol == Protocol::Grpc {
        let reply = grpc(mesh.upstream, "/test.Echo/Say").await?;
        // 7 is PERMISSION_DENIED.
        let status = reply.header("grpc-status").map(str::to_owned);
        return if status.as_deref() == Some("7") { Ok(()) } else { Err(format!("{reply:?}")) };
    }
    match mesh.call().await {
        Err(text) if text.starts_with("403") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

async fn works(protocol: Protocol, xds: Xds) {
    let mesh = Plan::of(protocol).over(xds).start().await;
    assert!(mesh.call().await.unwrap().contains("api-1"));
    mesh.agent.intend("web", "api", "deny").await;
    until_ok("a denied call is refused", SECOND, async || refused(&mesh).await).await;
    mesh.agent.intend("web", "api", "allow").await;
    until_ok("an allowed call passes", SECOND, async || mesh.call().await).await;
    let _second = mesh.add_instance("api-2").await;
    mesh.agent.deregister("api-1").await;
    until_ok("only the new instance answers", SECOND, async || match mesh.call().await? {
        text if text.contains("api-2") => Ok(()),
        text => Err(text),
    })
    .await;
    for envoy in [&mesh.web, &mesh.api.envoy] {
        for name in ["cluster_manager.cds.update_rejected", "listener_manager.lds.update_rejected"] {
            assert_eq!(envoy.stat(name).await, 0, "{name}");
        }
    }
}

#[tokio::test]
async fn tcp_over_delta() {
    works(Protocol::Tcp, Xds::Delta).await;
}

#[tokio::test]
async fn tcp_over_state_of_the_world() {
    works(Protocol::Tcp, Xds::StateOfTheWorld).await;
}

#[tokio::test]
async fn http_over_delta() {
    works(Protocol::Http, Xds::Delta).await;
}

#[tokio::test]
async fn http_over_state_of_the_world() {
    works(Protocol::Http, Xds::StateOfTheWorld).await;
}

#[tokio::test]
async fn http2_over_delta() {
    works(Protocol::Http2, Xds::Delta).await;
}

#[tokio::test]
async fn http2_over_state_of_the_world() {
    works(Protocol::Http2, Xds::StateOfTheWorld).await;
}

#[tokio::test]
async fn grpc_over_delta() {
    works(Protocol::Grpc, Xds::Delta).await;
}

#[tokio::test]
async fn grpc_over_state_of_the_world() {
    works(Protocol::Grpc, Xds::StateOfTheWorld).await;
}

/// gRPC stays gRPC to its end: message and trailers arrive.
#[tokio::test]
async fn a_grpc_call_keeps_its_trailers() {
    let mesh = Plan::of(Protocol::Grpc).start().await;
    let reply = grpc(mesh.upstream, "/test.Echo/Say").await.unwrap();
    assert_eq!(reply.trailers["grpc-status"], "0");
    assert_eq!(reply.header("x-version"), Some("HTTP/2.0"));
    assert!(reply.text().ends_with("api-1 POST /test.Echo/Say"), "{}", reply.text());
}

/// A service whose protocol changes is judged as what it then is, on both sides.
#[tokio::test]
async fn a_change_of_protocol_reaches_both_sidecars() {
    let mesh = Plan::of(Protocol::Http).start().await;
    for (protocol, refusal) in [("tcp", None), ("http", Some(403)), ("tcp", None)] {
        let entry = json!({ "Kind": "service-defaults", "Name": "api", "Protocol": protocol });
        mesh.agent.write_config(&entry).await;
        mesh.agent.intend("web", "api", "deny").await;
        // As TCP a refusal closes the connection, as HTTP it is an answer. What was let in as the other kind
        // ends with the drain.
        until_ok(&format!("refused as {protocol}"), 2 * SECOND, async || {
            match Http1::to(mesh.upstream).get("/").await {
                found if found.as_ref().ok().map(|reply| reply.status) == refusal => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        mesh.agent.intend("web", "api", "allow").await;
        until_ok(&format!("passes as {protocol}"), SECOND, async || mesh.call().await).await;
    }
}

/// Nobody has to start things in an order: a caller's sidecar may be there before the service it calls.
#[tokio::test]
async fn a_sidecar_may_start_before_the_service_that_it_calls() {
    let scratch = Scratch::new(Load::Shared).await;
    let agent = Agent::dev(&scratch).await;
    let upstream = free_port();
    let upstreams = json!([{ "DestinationName": "late", "LocalBindPort": upstream }]);
    agent.register(&caller("web", free_port(), &upstreams)).await;
    let _web = Envoy::sidecar_for(&scratch, &agent, "web", Xds::Delta).await;
    assert!(tcp(upstream).await.is_err());
    let backend = Backend::tcp("late").await;
    agent.register(&callee("late", "late", backend.port, free_port())).await;
    let _late = Envoy::sidecar_for(&scratch, &agent, "late", Xds::Delta).await;
    until_ok("the call passes", 5 * SECOND, async || tcp(upstream).await).await;
}
