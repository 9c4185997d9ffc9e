//! What a root looks like, and which operator-given roots are taken.
#![allow(clippy::unwrap_used)]

mod common;

use common::{CLUSTER, DAY, LEAF_TTL, domain, handshake, leaf, new_root, now};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use weft_ca::cert::Facts;
use weft_ca::leaf::Signer;
use weft_ca::{CaError, KeySpec, root};
use weft_model::ca::{CaRoot, PrivateKeyPem};
use x509_parser::prelude::{FromDer, X509Certificate};

const OPERATOR_KEY: &str = include_str!("data/operator-key.pem");
/// Made with OpenSSL: repeated name parts, P-384 signed with SHA-256, path length 1.
const OPERATOR_ROOT: &str = include_str!("data/operator-root.pem");

#[test]
fn a_generated_root_has_the_form_of_consuls() {
    let root = new_root(KeySpec::EcP256);
    let facts = Facts::from_pem(&root.root_cert).unwrap();
    let (_, certificate) = X509Certificate::from_der(&facts.der).unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=pri-abcd1234.consul.ca.30976b10.consul");
    assert_eq!(facts.uris, [format!("spiffe://{CLUSTER}.consul")]);
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.to_string(), "Digital Signature, Key Cert Sign, CRL Sign");
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca && constraints.value.path_len_constraint.is_none());
    assert!(facts.is_self_signed());

    assert_eq!((root.id.len(), root.signing_key_id.len()), (20 * 3 - 1, 32 * 3 - 1));
    assert_eq!((root.id.as_str(), root.signing_key_id), (facts.id.as_str(), facts.signing_key_id()));
    assert_eq!((root.serial_number, root.name.as_str()), (7, "Consul CA Root Cert"));
    assert_eq!((root.private_key_type.as_str(), root.private_key_bits), ("ec", 256));
    assert_eq!(root.external_trust_domain, CLUSTER);
    assert_eq!(root.not_before, now().minus(DAY / 1440));
    assert_eq!(root.not_after, now().plus(DAY * 3650));
    assert!(!root.active && root.intermediate_certs.is_empty());
}

#[test]
fn a_leaf_has_the_form_of_consuls() {
    let root = new_root(KeySpec::EcP256);
    let web = leaf(&root, "web", now());
    let facts = Facts::from_pem(&web.cert_pem).unwrap();
    let (_, certificate) = X509Certificate::from_der(&facts.der).unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=web.svc.default.30976b10.consul");
    assert_eq!(facts.uris, [format!("spiffe://{CLUSTER}.consul/ns/default/dc/dc1/svc/web")]);
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.to_string(), "Digital Signature, Key Encipherment, Data Encipherment, Key Agreement");
    let purposes = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.client_auth && purposes.server_auth && !purposes.any && purposes.other.is_empty());
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && !constraints.value.ca);
    assert!(facts.is_issued_by(&Facts::from_pem(&root.root_cert).unwrap()));
    assert_eq!((web.valid_after, web.valid_before), (facts.not_before, facts.not_after));
    assert_eq!((web.serial_number, web.root_id), (8, root.id));
    assert_eq!(web.service_uri, facts.uris[0]);
}

#[test]
fn no_leaf_outlives_its_root_and_an_expired_root_signs_none() {
    let root = new_root(KeySpec::EcP256);
    let late = root.not_after.minus(LEAF_TTL / 2);
    assert_eq!(leaf(&root, "web", late).valid_before, root.not_after);

    let key = common::p256();
    let grant = weft_ca::csr::Grant::of(common::service("web"));
    let request = weft_ca::csr::check(&weft_ca::csr::create(&key, &grant).unwrap(), grant).unwrap();
    let sign = |serial_number, now| {
        let terms = weft_ca::leaf::LeafTerms { serial_number, now, ttl: LEAF_TTL };
        Signer::new(&root).unwrap().sign(&request, terms)
    };
    assert_eq!(sign(1, root.not_after.plus(DAY)), Err(CaError::RootNotValid { id: root.id.clone() }));
    assert!(sign(0, now()).is_err());
}

#[test]
fn a_root_without_its_key_signs_nothing() {
    let root = CaRoot { signing_key: PrivateKeyPem::default(), ..new_root(KeySpec::EcP256) };
    assert!(Signer::new(&root).is_err());
}

#[test]
fn an_operators_root_signs_leaves_that_verify() {
    let imported = import(OPERATOR_KEY, OPERATOR_ROOT).unwrap();
    assert_eq!((imported.private_key_type.as_str(), imported.private_key_bits), ("ec", 384));
    assert!(imported.signing_key.0.contains("EC PRIVATE KEY"));
    let web = leaf(&imported, "web", now());
    let end = common::End { leaf: &web, trusts: &[&imported] };
    assert!(handshake(end, end, now()).is_ok());
}

#[test]
fn names_of_any_form_survive_cross_signing() {
    let imported = import(OPERATOR_KEY, OPERATOR_ROOT).unwrap();
    let generated = new_root(KeySpec::EcP256);
    for (new, old) in [(&imported, &generated), (&generated, &imported)] {
        let terms = weft_ca::cross_sign::CrossTerms { serial_number: 3, now: now(), ttl: DAY };
        let copy = weft_ca::cross_sign::cross_sign(new, old, &domain(), terms).unwrap();
        let facts = Facts::from_pem(&copy).unwrap();
        let new_facts = Facts::from_pem(&new.root_cert).unwrap();
        assert_eq!((&facts.subject, &facts.public_key), (&new_facts.subject, &new_facts.public_key));
        assert_eq!(facts.key_id, new_facts.key_id);
        assert!(facts.is_ca && facts.is_issued_by(&Facts::from_pem(&old.root_cert).unwrap()));
        let new = CaRoot { intermediate_certs: vec![copy], ..new.clone() };
        let web = leaf(&new, "web", now());
        let end = common::End { leaf: &web, trusts: &[old] };
        assert!(handshake(end, end, now()).is_ok());
    }
}

fn import(key: &str, certificate: &str) -> Result<CaRoot, CaError> {
    root::import(&PrivateKeyPem(key.into()), certificate, &domain(), now())
}

type Change = fn(&mut CertificateParams);

/// A root as an operator might bring it, changed by `change`.
fn operators(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mine");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    (key.serialize_pem(), params.self_signed(&key).unwrap().pem())
}

#[test]
fn material_that_can_be_no_root_is_refused_by_field() {
    let refusal = |change: Change| {
        let (key, certificate) = operators(change);
        import(&key, &certificate).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(refusal(|_| {}), Ok(()));
    let cases: [(Change, &str); 7] = [
        (|params| params.is_ca = IsCa::NoCa, "RootCert: is not a CA certificate"),
        (|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1), "RootCert: has expired"),
        (|params| params.not_before = rcgen::date_time_ymd(2090, 1, 1), "RootCert: is not valid yet"),
        (|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature], "RootCert: its KeyUsage"),
        (
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            "RootCert: its ExtendedKeyUsage",
        ),
        (
            |params| {
                let permitted_subtrees = vec![GeneralSubtree::DnsName("example.com".into())];
                params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
            },
            "RootCert: has name constraints",
        ),
        (
            |params| {
                let mut unknown = rcgen::CustomExtension::from_oid_content(&[1, 2, 3], vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions = vec![unknown];
            },
            "RootCert: has an unknown critical extension 1.2.3",
        ),
    ];
    for (change, expected) in cases {
        let text = refusal(change).unwrap_err();
        assert!(text.starts_with(&format!("error configuring provider: {expected}")), "{text}");
    }
}

#[test]
fn key_and_certificate_must_belong_together() {
    let ((key, _), (_, certificate)) = (operators(|_| {}), operators(|_| {}));
    let text = import(&key, &certificate).unwrap_err().to_string();
    assert_eq!(text, "error configuring provider: PrivateKey: does not belong to RootCert");
    for (bad_key, bad_certificate, field) in
        [("garbage", certificate.as_str(), "PrivateKey"), (&key, "garbage", "RootCert")]
    {
        let text = import(bad_key, bad_certificate).unwrap_err().to_string();
        assert_eq!(text.split(": ").nth(1), Some(field), "{text}");
    }
    let two = certificate.repeat(2);
    assert!(import(&key, &two).unwrap_err().to_string().contains("RootCert: 2 PEM blocks"));
    let text = format!("{:?}", import(&key, "garbage").unwrap_err());
    assert!(!text.contains(key.lines().nth(1).unwrap()));
}

#[test]
fn a_certificate_that_another_authority_signed_is_no_root() {
    let (key, subject) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::from_params(&params, &key);
    let certificate = params.signed_by(&subject, &issuer).unwrap().pem();
    let text = import(&subject.serialize_pem(), &certificate).unwrap_err().to_string();
    assert!(text.contains("RootCert: is not self-signed"), "{text}");
}

#[test]
fn a_root_that_allows_nothing_below_itself_cannot_cross_sign() {
    let (key, certificate) = operators(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let old = import(&key, &certificate).unwrap();
    let terms = weft_ca::cross_sign::CrossTerms { serial_number: 3, now: now(), ttl: DAY };
    let refused = weft_ca::cross_sign::cross_sign(&new_root(KeySpec::EcP256), &old, &domain(), terms);
    assert!(refused.unwrap_err().to_string().contains("ForceWithoutCrossSigning"));
}

#[test]
fn a_peers_identity_is_its_one_uri_name() {
    let root = new_root(KeySpec::EcP256);
    assert!(Facts::from_pem(&root.root_cert).unwrap().identity().is_err());
    let web = Facts::from_pem(&leaf(&root, "web", now()).cert_pem).unwrap();
    assert_eq!(web.identity(), Ok(common::service("web")));
    for uris in [vec![], vec![web.uris[0].clone(); 2], vec!["https://x".to_owned()], vec![format!("{}\0", web.uris[0])]]
    {
        assert!(Facts { uris, ..web.clone() }.identity().is_err());
    }
}
