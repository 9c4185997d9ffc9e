//! A new root, and with it new leaves for everybody, under calls that never fail.

use std::time::Duration;

use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::harness::{Handshake, Identity, Line, Mesh, Plan, Protocol, Steady, until_ok};

/// Leaves are made anew with some spread in time.
const RENEWED: Duration = Duration::from_secs(60);

async fn active_root(mesh: &Mesh) -> String {
    mesh.agent.get("/v1/connect/ca/roots").await["ActiveRootID"].as_str().unwrap().to_owned()
}

/// A new root under a key of the operator's.
async fn rotate(mesh: &Mesh) {
    let before = active_root(mesh).await;
    let key = KeyPair::generate().unwrap().serialize_pem();
    let config = json!({ "Provider": "consul", "Config": { "PrivateKey": key, "LeafCertTTL": "1h" } });
    mesh.agent.put("/v1/connect/ca/configuration", &config).await;
    until_ok("there is a new root", Duration::from_secs(5), async || match active_root(mesh).await {
        after if after == before => Err(after),
        _ => Ok(()),
    })
    .await;
}

/// The serial numbers of the certificates that an Envoy presents and trusts.
async fn certificates(mesh: &Mesh) -> [Value; 2] {
    [mesh.web.certificates().await, mesh.api.envoy.certificates().await]
}

/// Who signed the certificate that `api`'s sidecar presents.
async fn signer(mesh: &Mesh) -> Vec<u8> {
    let web = Identity::of_service(&mesh.agent, "web").await;
    Handshake::dial_13(mesh.api.public, Some(&web)).await.unwrap().issuer_key
}

async fn rotates_without_a_failed_call(plan: Plan) {
    let mesh = plan.start().await;
    let steady = match plan.protocol {
        Protocol::Tcp => Steady::tcp(mesh.upstream),
        Protocol::Http | Protocol::Http2 | Protocol::Grpc => Steady::http(mesh.upstream),
    };
    for _ in 0..2 {
        let (certificates_before, signer_before) = (certificates(&mesh).await, signer(&mesh).await);
        rotate(&mesh).await;
        until_ok("api's sidecar presents a leaf of the new root", RENEWED, async || {
            if signer(&mesh).await == signer_before { Err("the old one".to_owned()) } else { Ok(()) }
        })
        .await;
        until_ok("both sidecars have other certificates", RENEWED, async || {
            let after = certificates(&mesh).await;
            let is_renewed = after.iter().zip(&certificates_before).all(|(after, before)| after != before);
            if is_renewed { Ok(()) } else { Err(format!("{after:?}")) }
        })
        .await;
        for _ in 0..50 {
            mesh.call().await.unwrap();
        }
    }
    steady.end().await.assert_none_failed(200);
    let roots = mesh.agent.get("/v1/connect/ca/roots").await;
    assert_eq!(roots["Roots"].as_array().unwrap().len(), 3, "the old roots stay while leaves of theirs live");
}

#[tokio::test]
async fn http_calls_survive_two_rotations() {
    rotates_without_a_failed_call(Plan::of(Protocol::Http)).await;
}

#[tokio::test]
async fn tcp_calls_survive_two_rotations() {
    rotates_without_a_failed_call(Plan::of(Protocol::Tcp)).await;
}

/// New certificates are for new connections: one that is open goes on.
#[tokio::test]
async fn an_open_connection_survives_a_rotation() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let mut open = Line::open(mesh.upstream).await.unwrap();
    assert_eq!(open.say("before").await.unwrap(), "api-1 before");
    let before = certificates(&mesh).await;
    rotate(&mesh).await;
    until_ok("both sidecars have other certificates", RENEWED, async || {
        assert_eq!(open.say("under way").await.unwrap(), "api-1 under way");
        let after = certificates(&mesh).await;
        if after.iter().zip(&before).all(|(after, before)| after != before) {
            Ok(())
        } else {
            Err(format!("{after:?}"))
        }
    })
    .await;
    assert_eq!(open.say("after").await.unwrap(), "api-1 after");
}

/// A leaf of the old root is still good for its bearer: nobody is cut off by a rotation.
#[tokio::test]
async fn a_leaf_of_the_old_root_is_accepted_after_a_rotation() {
    let mesh = Plan::of(Protocol::Tcp).start().await;
    let old = Identity::of_service(&mesh.agent, "web").await;
    rotate(&mesh).await;
    for _ in 0..20 {
        let mut handshake = Handshake::dial_13(mesh.api.public, Some(&old)).await.unwrap();
        assert_eq!(handshake.exchange(b"hello\n").await.unwrap(), "api-1 hello\n");
    }
}
