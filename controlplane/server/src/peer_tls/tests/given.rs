//! Certificates that an operator has made, good ones and others.

use std::fs;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};
use tempfile::TempDir;

use super::super::link;
use super::support::{assert_refused, config, link_of, meet};
use crate::config::{CertificateFiles, Config};

/// An operator's CA and where the files go.
struct Operator {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Operator {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, file: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Config {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let path = |ending: &str| self.dir.path().join(format!("{file}{ending}"));
        fs::write(path(".pem"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(path("-key.pem"), key.serialize_pem()).unwrap();
        let mut config = config("dc1", "");
        config.security.certificates =
            Some(CertificateFiles { ca: self.dir.path().join("ca.pem"), cert: path(".pem"), key: path("-key.pem") });
        config
    }

    fn server(&self, file: &str) -> Config {
        self.issue(file, &["server.dc1.consul", "localhost"], |_| {})
    }
}

fn refusal(config: &Config) -> String {
    format!("{:#}", link(config, 1, false).err().unwrap())
}

#[tokio::test]
async fn servers_with_certificates_of_one_ca_talk() {
    let operator = Operator::new();
    let (one, two) = (operator.server("one"), operator.server("two"));
    assert_eq!(meet(link_of(&one, 1).tls(), link_of(&two, 2).tls()).await.0.unwrap(), "yes");
}

#[tokio::test]
async fn a_certificate_of_another_ca_and_a_join_secret_do_not_mix() {
    let (ours, theirs) = (Operator::new(), Operator::new());
    let met = meet(link_of(&ours.server("a"), 1).tls(), link_of(&theirs.server("a"), 2).tls()).await;
    assert_refused(&met, "the CA of ca_file", "the CA of ca_file");
    let met = meet(link_of(&config("dc1", &super::super::generate()), 1).tls(), link_of(&ours.server("b"), 2).tls());
    assert_refused(&met.await, "the CA of ca_file", "the CA of ca_file");
}

#[test]
fn a_server_does_not_start_with_a_certificate_that_others_would_refuse() {
    let operator = Operator::new();
    let client = operator.issue("client", &["client.dc1.consul"], |_| {});
    assert!(
        refusal(&client).contains("must name server.dc1.consul, and names client.dc1.consul"),
        "{}",
        refusal(&client)
    );
    let wildcard = operator.issue("wildcard", &["*.dc1.consul"], |_| {});
    assert!(refusal(&wildcard).contains("must name server.dc1.consul"), "{}", refusal(&wildcard));
    let mesh = operator.issue("mesh", &["server.dc1.consul"], |params| {
        let id = "spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/web";
        params.subject_alt_names.push(SanType::URI(Ia5String::try_from(id).unwrap()));
    });
    assert!(refusal(&mesh).contains("belongs to the mesh"), "{}", refusal(&mesh));
    let old = operator.issue("old", &["server.dc1.consul"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    assert!(refusal(&old).contains("expired"), "{}", refusal(&old));
    let one_way = operator.issue("one-way", &["server.dc1.consul"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(refusal(&one_way).contains("would refuse it"), "{}", refusal(&one_way));
}

#[test]
fn files_that_do_not_fit_are_named_without_showing_a_key() {
    let operator = Operator::new();
    let (mut one, two) = (operator.server("one"), operator.server("two"));
    let foreign = two.security.certificates.unwrap().key;
    one.security.certificates.as_mut().unwrap().key = foreign.clone();
    assert!(refusal(&one).contains("does not belong to cert_file"), "{}", refusal(&one));
    fs::write(&foreign, "secret text").unwrap();
    assert!(refusal(&one).contains("key_file") && !refusal(&one).contains("secret text"), "{}", refusal(&one));
    one.security.certificates.as_mut().unwrap().ca = "/nowhere/ca.pem".into();
    assert!(refusal(&one).contains("ca_file /nowhere/ca.pem"), "{}", refusal(&one));
}

/// The mesh's leaves, or the certificates of clients, of a CA that the operator uses for both.
#[tokio::test]
async fn the_same_ca_is_not_enough_without_the_role() {
    let operator = Operator::new();
    let good = link_of(&operator.server("good"), 2);
    for (name, names) in [("client", ["client.dc1.consul"]), ("elsewhere", ["server.dc2.consul"])] {
        let mut tls = link_of(&operator.server("bad"), 1).tls();
        let bad = operator.issue(name, &names, |_| {});
        let files = bad.security.certificates.unwrap();
        tls.client = std::sync::Arc::new(careless(&files));
        let met = meet(tls, good.tls()).await;
        assert_refused(&met, "does not take this server's certificate for that of a server", names[0]);
    }
}

/// A client that shows what it has.
fn careless(files: &CertificateFiles) -> rustls::ClientConfig {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.ca).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(&files.cert).unwrap()],
            PrivateKeyDer::from_pem_file(&files.key).unwrap(),
        )
        .unwrap();
    client.alpn_protocols = vec![super::super::ALPN.to_vec()];
    client
}

#[test]
fn files_that_change_are_taken_over_when_they_are_whole() {
    let operator = Operator::new();
    let config = operator.server("one");
    let running = link_of(&config, 1);
    let files = config.security.certificates.unwrap();
    let before = running.holder.current().leaf().to_vec();
    running.refresh().unwrap();
    assert_eq!(before, running.holder.current().leaf().to_vec());

    let key = fs::read(&files.key).unwrap();
    operator.server("one");
    // Two writes may fall into one tick of the file system's clock.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    fs::File::options().append(true).open(&files.cert).unwrap().set_modified(later).unwrap();
    let renewed = fs::read(&files.key).unwrap();
    fs::write(&files.key, key).unwrap();
    assert!(running.refresh().is_err(), "the key is still the old one");
    assert_eq!(before, running.holder.current().leaf().to_vec());

    fs::write(&files.key, renewed).unwrap();
    running.refresh().unwrap();
    assert_ne!(before, running.holder.current().leaf().to_vec());
}
