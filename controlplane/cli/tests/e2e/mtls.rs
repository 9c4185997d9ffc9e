//! Who can talk to a service's sidecar, and who it says it is.

use std::time::Duration;

use rustls::ProtocolVersion;
use serde_json::json;

use crate::harness::{
    Envoy, Handshake, Identity, Mesh, OtherAuthority, Plan, Protocol, Xds, callee, caller, closing_tcp, free_port, raw,
    tcp, until_ok,
};

async fn spiffe_id(mesh: &Mesh, service: &str) -> String {
    format!("spiffe://{}/ns/default/dc/dc1/svc/{service}", mesh.agent.trust_domain().await)
}

/// Nothing the caller sends arrives, and nothing comes back.
async fn assert_nothing_passes(mesh: &Mesh, identity: Option<&Identity>) {
    let seen = mesh.api.backend.seen();
    if let Ok(mut handshake) = Handshake::dial_13(mesh.api.public, identity).await {
        let answer = handshake.exchange(b"hello\n").await;
        assert!(answer.is_err(), "{answer:?}");
    }
    assert_eq!(mesh.api.backend.seen(), seen);
}

#[tokio::test]
async fn a_call_passes_through_two_envoys_over_tls_1_3() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    assert_eq!(mesh.call().await.unwrap(), "api-1 hello");
    let listener = mesh.api.envoy.stats(&format!("listener.*{}.ssl", mesh.api.public)).await;
    let sum = |suffix: &str| listener.iter().filter(|(name, _)| name.ends_with(suffix)).map(|(_, n)| n).sum::<u64>();
    assert!(sum("ssl.versions.TLSv1.3") > 0, "{listener:?}");
    assert_eq!(sum("ssl.handshake"), sum("ssl.versions.TLSv1.3"), "{listener:?}");
    assert_eq!(sum("ssl.no_certificate"), 0, "{listener:?}");
}

#[tokio::test]
async fn the_server_has_the_spiffe_id_of_its_service_and_speaks_tls_1_3_only() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let web = Identity::of_service(&mesh.agent, "web").await;
    let mut handshake = Handshake::dial_13(mesh.api.public, Some(&web)).await.unwrap();
    assert_eq!(handshake.version, ProtocolVersion::TLSv1_3);
    assert_eq!(handshake.uris, [spiffe_id(&mesh, "api").await]);
    assert_eq!(handshake.exchange(b"hello\n").await.unwrap(), "api-1 hello\n");

    let older = Handshake::dial(mesh.api.public, Some(&web), &[&rustls::version::TLS12]).await;
    assert!(older.is_err(), "TLS 1.2 was accepted");
}

#[tokio::test]
async fn without_a_certificate_of_the_mesh_nothing_passes() {
    for protocol in [Protocol::Tcp, Protocol::Http] {
        let mesh = Plan::of(protocol).start().await;
        assert_nothing_passes(&mesh, None).await;
        let stranger = OtherAuthority::identity(&spiffe_id(&mesh, "web").await);
        assert_nothing_passes(&mesh, Some(&stranger)).await;
    }
}

/// The door of the service itself speaks plain text to nobody.
#[tokio::test]
async fn plain_text_at_the_public_port_reaches_nobody() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let seen = mesh.api.backend.seen();
    let answer = raw(mesh.api.public, b"GET / HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n").await;
    assert!(!answer.as_ref().is_ok_and(|text| text.contains("200")), "{answer:?}");
    assert_eq!(mesh.api.backend.seen(), seen);
}

/// A registration that points at another service's sidecar gets no calls: the caller checks who answers.
#[tokio::test]
async fn a_caller_refuses_a_server_with_another_services_identity() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let (agent, port) = (&mesh.agent, free_port());
    // "victim" claims to be where api's sidecar listens.
    agent.register(&callee("victim", "victim", mesh.api.backend.port, mesh.api.public)).await;
    let upstreams = json!([{ "DestinationName": "victim", "LocalBindPort": port }]);
    agent.register(&caller("probe", free_port(), &upstreams)).await;
    let probe = Envoy::sidecar_for(&mesh.scratch, agent, "probe", Xds::Delta).await;
    let failures = "ssl.fail_verify_san";
    until_ok("the caller has looked at the name", Duration::from_secs(10), async || {
        closing_tcp(port).await?;
        let stats = probe.stats(&format!("cluster.victim.*{failures}")).await;
        if stats.values().sum::<u64>() > 0 { Ok(()) } else { Err(format!("{stats:?}")) }
    })
    .await;
    assert!(tcp(port).await.is_err());
}
