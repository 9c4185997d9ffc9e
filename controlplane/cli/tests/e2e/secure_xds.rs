//! A sidecar whose control plane speaks TLS and wants to see a certificate.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::harness::{Agent, Envoy, Load, Scratch, caller, free_port, until_ok};

/// Connections of Envoy to its control plane that came to nothing.
const FAILED: &str = "cluster.local_agent.upstream_cx_connect_fail";

/// An agent with gRPC over TLS alone, and the files of its authority in the test's folder.
async fn agent(scratch: &Scratch) -> (Agent, u16) {
    authority(scratch, "ca", &["agent", "envoy"]);
    authority(scratch, "other-ca", &["stranger"]);
    let at = scratch.path().display();
    let text = format!(
        "tls {{ grpc {{ ca_file = \"{at}/ca.pem\" cert_file = \"{at}/agent.pem\" key_file = \"{at}/agent-key.pem\"
         verify_incoming = true }} }}"
    );
    let (file, port) = (scratch.path().join("weft.hcl"), free_port());
    fs::write(&file, text).unwrap();
    let more = ["--config-file", file.to_str().unwrap(), "--grpc-tls-port", &port.to_string()];
    (Agent::dev_with(scratch, &more).await, port)
}

/// An authority, and certificates of it for `localhost`.
fn authority(scratch: &Scratch, ca: &str, leaves: &[&str]) {
    let write = |name: String, text: String| fs::write(scratch.path().join(name), text).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write(format!("{ca}.pem"), params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    for leaf in leaves {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        // Not that of the authority: a certificate with one name twice looks as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, *leaf);
        write(format!("{leaf}.pem"), params.signed_by(&key, &issuer).unwrap().pem());
        write(format!("{leaf}-key.pem"), key.serialize_pem());
    }
}

/// What Envoy is told of TLS: whom to believe, whom to be, and what the control plane is called.
fn flags(scratch: &Scratch, port: u16, ca: &str, own: Option<&str>, name: &str) -> Vec<String> {
    let path = |file: &str| -> PathBuf { scratch.path().join(file) };
    let mut flags = vec![
        format!("--grpc-addr=https://127.0.0.1:{port}"),
        format!("--grpc-ca-file={}", path(&format!("{ca}.pem")).display()),
        format!("--tls-server-name={name}"),
    ];
    if let Some(own) = own {
        flags.push(format!("--client-cert={}", path(&format!("{own}.pem")).display()));
        flags.push(format!("--client-key={}", path(&format!("{own}-key.pem")).display()));
    }
    flags
}

#[tokio::test]
async fn a_sidecar_gets_its_configuration_over_tls_and_strangers_get_none() {
    let scratch = Scratch::new(Load::Shared).await;
    let (agent, port) = agent(&scratch).await;
    agent.register(&caller("web", free_port(), &json!([]))).await;
    let refused = [
        ("the authority is another one", flags(&scratch, port, "other-ca", Some("envoy"), "localhost")),
        ("the name is another one", flags(&scratch, port, "ca", Some("envoy"), "server.dc1.consul")),
        ("Envoy shows no certificate", flags(&scratch, port, "ca", None, "localhost")),
        ("Envoy shows one of another authority", flags(&scratch, port, "ca", Some("stranger"), "localhost")),
    ];
    for (why, flags) in refused {
        let stranger = Envoy::launch_with(&scratch, &agent, "web", &flags);
        until_ok(why, Duration::from_secs(20), async || match stranger.try_stat(FAILED).await {
            Some(failed) if failed > 0 => Ok(()),
            found => Err(format!("{found:?}")),
        })
        .await;
        assert!(!stranger.is_live().await, "{why}");
        assert_eq!(stranger.stat("listener_manager.lds.update_success").await, 0, "{why}");
    }
    let sidecar = Envoy::launch_with(&scratch, &agent, "web", &flags(&scratch, port, "ca", Some("envoy"), "localhost"));
    sidecar.wait_live().await;
    assert!(sidecar.stat("cluster.local_agent.ssl.handshake").await > 0);
}
