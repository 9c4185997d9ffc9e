//! `weft tls`: what it makes, and that agents and commands take it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use x509_parser::pem::parse_x509_pem;

use crate::live::Live;

fn run(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weft")).env_clear().args(args).current_dir(home).output().unwrap()
}

fn done(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn files_have_consuls_names_and_are_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let saved = "==> Saved consul-agent-ca.pem\n==> Saved consul-agent-ca-key.pem\n";
    assert_eq!(done(home, &["tls", "ca", "create"]), saved);
    assert_eq!(refused(home, &["tls", "ca", "create"]), "consul-agent-ca.pem already exists.\n");
    for number in 0..2 {
        let made = done(home, &["tls", "cert", "create", "-client", "-dc", "dc2"]);
        let expected = format!(
            "==> Using consul-agent-ca.pem and consul-agent-ca-key.pem\n\
             ==> Saved dc2-client-consul-{number}.pem\n==> Saved dc2-client-consul-{number}-key.pem\n"
        );
        assert_eq!(made, expected);
    }
    for (args, why) in [
        (&["tls", "cert", "create"][..], "Please provide either -server, -client, or -cli"),
        (&["tls", "cert", "create", "-server", "-client"], "Please provide either -server, -client, or -cli"),
        (&["tls", "cert", "create", "-client", "-node", "x"], "-node requires -server"),
        (&["tls", "cert", "create", "-client", "-ca", "nope.pem"], "Error reading CA: nope.pem"),
        (&["tls", "cert", "create", "-client", "-key", "dc2-client-consul-0-key.pem"], "does not belong to"),
        (&["tls", "cert", "create", "-client", "-domain", "../x"], "may hold letters"),
    ] {
        let said = refused(home, args);
        assert!(said.contains(why), "{said}");
    }
    for (file, mode) in [("consul-agent-ca.pem", 0o644), ("consul-agent-ca-key.pem", 0o600)] {
        assert_eq!(fs::metadata(home.join(file)).unwrap().permissions().mode() & 0o777, mode, "{file}");
    }
}

#[test]
fn a_servers_certificate_has_the_names_that_consuls_has() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["tls", "ca", "create", "-domain", "weft", "-name-constraint", "-days", "3"]);
    let more = ["-domain", "weft", "-node", "n1", "-additional-dnsname", "a.weft", "-additional-ipaddress", "10.0.0.1"];
    let made = done(home, &[&["tls", "cert", "create", "-server"][..], &more].concat());
    assert!(made.starts_with("==> WARNING: Server Certificates grants authority"), "{made}");
    let text = fs::read(home.join("dc1-server-weft-0.pem")).unwrap();
    let (_, pem) = parse_x509_pem(&text).unwrap();
    let certificate = pem.parse_x509().unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=server.dc1.weft");
    let names = certificate.subject_alternative_name().unwrap().unwrap().value.general_names.iter();
    let names: Vec<_> = names.map(ToString::to_string).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    for name in ["a.weft", "n1.server.dc1.weft", "server.dc1.weft", "localhost"] {
        assert!(names.iter().any(|found| found.contains(name)), "{name}: {names:?}");
    }
}

#[test]
fn an_agent_and_a_command_understand_each_other_with_them() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["tls", "ca", "create"]);
    done(home, &["tls", "cert", "create", "-server"]);
    done(home, &["tls", "cert", "create", "-cli"]);
    let at = home.display();
    // The servers' port takes them too.
    let text = format!(
        "tls {{ defaults {{ ca_file = \"{at}/consul-agent-ca.pem\" cert_file = \"{at}/dc1-server-consul-0.pem\"
         key_file = \"{at}/dc1-server-consul-0-key.pem\" verify_incoming = true }} }}"
    );
    let file = home.join("weft.hcl");
    fs::write(&file, text).unwrap();
    let ports = ["--https-port", "0", "--grpc-tls-port", "0"];
    let agent = Live::start_with(&[&ports[..], &["--config-file", file.to_str().unwrap()]].concat());
    let address = format!("https://127.0.0.1:{}", agent.https_port.unwrap());
    let asked = ["catalog", "datacenters", "-http-addr", &address, "-ca-file", "consul-agent-ca.pem"];
    let own = ["-client-cert", "dc1-cli-consul-0.pem", "-client-key", "dc1-cli-consul-0-key.pem"];
    assert_eq!(done(home, &[&asked[..], &own].concat()), "dc1\n");
    assert!(refused(home, &asked).contains("CertificateRequired"));
}
