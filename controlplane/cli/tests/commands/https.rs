//! The command line over TLS, against an agent that wants to see a certificate.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::live::Live;

/// The folder of an authority's files, and an agent that goes by them.
struct Secured {
    dir: TempDir,
    agent: Live,
}

impl Secured {
    /// An agent whose certificate is for `name`.
    fn start(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        for (file, name) in [("agent", name), ("client", "client.dc1.consul")] {
            let key = KeyPair::generate().unwrap();
            let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
            fs::write(dir.path().join(format!("{file}.pem")), leaf.pem()).unwrap();
            fs::write(dir.path().join(format!("{file}-key.pem")), key.serialize_pem()).unwrap();
        }
        let at = dir.path().display();
        let text = format!(
            "tls {{ https {{ ca_file = \"{at}/ca.pem\" cert_file = \"{at}/agent.pem\" key_file = \"{at}/agent-key.pem\"
             verify_incoming = true }} }}"
        );
        let file = dir.path().join("weft.hcl");
        fs::write(&file, text).unwrap();
        let agent = Live::start_with(&["--https-port", "0", "--config-file", file.to_str().unwrap()]);
        Self { dir, agent }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn port(&self) -> u16 {
        self.agent.https_port.unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.env_clear().args(args).stdin(Stdio::null());
        command
    }

    /// As Consul's variables have it.
    fn with_all(&self, address: &str) -> Command {
        let mut command = self.command(&["catalog", "datacenters"]);
        command.env("CONSUL_HTTP_ADDR", address).env("CONSUL_CACERT", self.path("ca.pem"));
        command.env("CONSUL_CLIENT_CERT", self.path("client.pem"));
        command.env("CONSUL_CLIENT_KEY", self.path("client-key.pem"));
        command
    }
}

/// What it printed.
fn works(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it complained about.
fn fails(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn commands_run_over_tls_with_flags_or_the_environment() {
    let secured = Secured::start("localhost");
    let port = secured.port();
    assert_eq!(works(secured.with_all(&format!("https://localhost:{port}"))), "dc1\n");
    let mut by_switch = secured.with_all(&format!("localhost:{port}"));
    by_switch.env("CONSUL_HTTP_SSL", "true");
    assert_eq!(works(by_switch), "dc1\n");

    let address = format!("https://localhost:{port}");
    let [ca, cert, key] = ["ca.pem", "client.pem", "client-key.pem"].map(|file| secured.path(file));
    let mut by_flags = secured.command(&["catalog", "datacenters", "-http-addr", &address]);
    by_flags.arg("-ca-file").arg(ca).arg("-client-cert").arg(cert).arg("-client-key").arg(key);
    assert_eq!(works(by_flags), "dc1\n");
}

#[test]
fn whoever_is_not_verified_is_not_spoken_to() {
    let secured = Secured::start("localhost");
    let address = format!("https://localhost:{}", secured.port());
    let other = Secured::start("localhost");
    let mut without_authority = secured.with_all(&address);
    without_authority.env("CONSUL_CACERT", other.path("ca.pem"));
    assert!(fails(without_authority).contains("TLS: invalid peer certificate"));

    let mut without_proof = secured.with_all(&address);
    without_proof.env_remove("CONSUL_CLIENT_CERT").env_remove("CONSUL_CLIENT_KEY");
    let said = fails(without_proof);
    assert!(said.contains("TLS: received fatal alert: CertificateRequired"), "{said}");

    let said = fails(secured.with_all(&format!("https://{}", secured.agent.address)));
    assert!(said.contains("TLS is not spoken there"), "{said}");
    assert!(!fails(secured.with_all(&format!("localhost:{}", secured.port()))).is_empty());
}

#[test]
fn the_name_is_the_address_host_or_the_one_that_is_given() {
    let secured = Secured::start("server.dc1.consul");
    let address = format!("https://localhost:{}", secured.port());
    let said = fails(secured.with_all(&address));
    assert!(said.contains("not valid for name"), "{said}");
    let mut named = secured.with_all(&address);
    named.env("CONSUL_TLS_SERVER_NAME", "server.dc1.consul");
    assert_eq!(works(named), "dc1\n");
    let mut trusting = secured.with_all(&address);
    trusting.env("CONSUL_HTTP_SSL_VERIFY", "false");
    assert_eq!(works(trusting), "dc1\n");
}
