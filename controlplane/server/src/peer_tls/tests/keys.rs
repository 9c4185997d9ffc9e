//! The configuration's keys about the servers' port.

use std::fs;

use tempfile::TempDir;

use super::super::generate;
use crate::config::{self, CertificateFiles, Config, Flags};

fn load(text: &str) -> Result<Config, Vec<String>> {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a.hcl"), text).unwrap();
    let cut = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    let flags = Flags { config: vec![dir.path().to_owned()], ..Flags::ephemeral() };
    config::load(&flags).map_err(|faults| faults.0.iter().map(|fault| cut(fault.to_string())).collect())
}

fn files(ca: &str, cert: &str, key: &str) -> Option<CertificateFiles> {
    Some(CertificateFiles { ca: ca.into(), cert: cert.into(), key: key.into() })
}

#[test]
fn a_join_secret_comes_from_a_file_or_a_flag() {
    let secret = generate();
    let config = load(&format!("encrypt = {secret:?}\nencrypt_verify_incoming = true")).unwrap();
    assert_eq!(config.security.encrypt.unwrap().reveal(), secret);
    let flags = Flags { encrypt: Some(secret.as_str().into()), ..Flags::ephemeral() };
    assert!(!format!("{flags:?}").contains(&secret));
    assert_eq!(config::load(&flags).unwrap().security.encrypt.unwrap().reveal(), secret);
}

#[test]
fn a_bad_join_secret_is_a_fault_that_does_not_repeat_it() {
    for text in ["encrypt = \"c2VjcmV0\"", "encrypt = \"my secret\"", "encrypt = 12345"] {
        let faults = load(text).unwrap_err();
        assert!(faults[0].starts_with("a.hcl: encrypt: "), "{faults:?}");
        let given = text.trim_start_matches("encrypt = ").trim_matches('"');
        assert!(!faults[0].contains(given), "{faults:?}");
    }
}

#[test]
fn consuls_keys_name_the_certificates_and_the_inner_ones_win() {
    let top = "ca_file = \"a\"\ncert_file = \"b\"\nkey_file = \"c\"\n";
    assert_eq!(load(top).unwrap().security.certificates, files("a", "b", "c"));
    let blocks = "tls { defaults { ca_file = \"a\" cert_file = \"b\" key_file = \"c\" verify_outgoing = true }
                        internal_rpc { cert_file = \"B\" key_file = \"C\" verify_server_hostname = true } }";
    assert_eq!(load(blocks).unwrap().security.certificates, files("a", "B", "C"));
    let config = load("").unwrap();
    assert!(config.security.certificates.is_none() && config.security.encrypt.is_none());
}

#[test]
fn what_would_weaken_the_port_is_refused() {
    let faults = load("verify_incoming = false\ntls { internal_rpc { verify_server_hostname = false } }").unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.contains("servers always verify each other")), "{faults:?}");
    let faults = load("ca_file = \"a\"").unwrap_err();
    assert!(faults[0].contains("cert_file is missing") && faults[1].contains("key_file is missing"), "{faults:?}");
}
