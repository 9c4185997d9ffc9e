//! Signing requests that ask for more than was granted are refused, each for its reason.
#![allow(clippy::unwrap_used)]

mod common;

use common::{p256, service};
use proptest::prelude::*;
use rcgen::{
    Attribute, BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use weft_ca::KeySpec;
use weft_ca::csr::{self, CheckedCsr, CsrFault, Grant};

const SAN: &[u64] = &[2, 5, 29, 17];

fn grant() -> Grant {
    Grant::of(service("web"))
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn own() -> SanType {
    uri(&service("web").to_string())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn params(names: impl Into<Vec<SanType>>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.into();
    params
}

fn request(params: &CertificateParams) -> String {
    params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap()
}

fn check(params: &CertificateParams) -> Result<CheckedCsr, CsrFault> {
    csr::check(&request(params), grant())
}

fn der(pem: &str) -> Vec<u8> {
    CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// The text form of DER, whatever the DER is.
fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n")
}

#[test]
fn the_granted_identity_is_accepted() {
    assert!(check(&params([own()])).is_ok());
}

#[test]
fn exactly_one_uri_is_required() {
    let foreign = service("db").to_string();
    assert_eq!(check(&params([])), Err(CsrFault::UriCount(0)));
    assert_eq!(check(&params([own(), own()])), Err(CsrFault::UriCount(2)));
    assert_eq!(check(&params([own(), uri(&foreign)])), Err(CsrFault::UriCount(2)));
    assert_eq!(check(&params([uri(&foreign), own(), uri("https://x")])), Err(CsrFault::UriCount(3)));
}

#[test]
fn the_uri_must_be_the_granted_one_byte_for_byte() {
    let own = service("web").to_string();
    for foreign in [
        service("db").to_string(),
        own.replace("dc1", "dc2"),
        own.replace("spiffe", "SPIFFE"),
        own.replace("web", "WEB"),
        own.replace("web", "w%65b"),
        own.replace("web", "*"),
        own.replace("30976b10", "40976b10"),
        format!("{own}\0"),
        format!("{own}/"),
        format!("{own}?x"),
        format!(" {own}"),
        String::new(),
    ] {
        let refused = check(&params([uri(&foreign)]));
        assert!(matches!(refused, Err(CsrFault::ForeignUri { .. })), "{foreign:?} gave {refused:?}");
    }
}

#[test]
fn names_beside_the_uri_must_be_granted() {
    let ip = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let granted = Grant {
        dns_names: vec!["a.example.com".into()],
        ip_addresses: vec!["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
        ..grant()
    };
    let check = |names: Vec<SanType>| csr::check(&request(&params(names)), granted.clone());
    assert!(check(vec![dns("a.example.com"), own(), ip("10.0.0.1"), ip("::1")]).is_ok());
    assert_eq!(check(vec![own(), dns("b.example.com")]), Err(CsrFault::ForeignName("b.example.com".into())));
    assert_eq!(check(vec![own(), dns("a.example.com\0")]), Err(CsrFault::ForeignName("a.example.com\0".into())));
    assert_eq!(check(vec![own(), ip("10.0.0.2")]), Err(CsrFault::ForeignName("10.0.0.2".into())));
    assert_eq!(check(vec![dns("a.example.com")]), Err(CsrFault::UriCount(0)));
    let mail = SanType::Rfc822Name("a@b".try_into().unwrap());
    assert_eq!(check(vec![own(), mail]), Err(CsrFault::NameKind));
    let other = SanType::OtherName((vec![1, 2, 3], rcgen::OtherNameValue::Utf8String("x".into())));
    assert_eq!(check(vec![own(), other]), Err(CsrFault::NameKind));
}

#[test]
fn authority_cannot_be_requested() {
    let mut wants_ca = params([own()]);
    wants_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(check(&wants_ca), Err(CsrFault::Authority));
    for usage in [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign] {
        let mut wants_to_sign = params([own()]);
        wants_to_sign.key_usages = vec![KeyUsagePurpose::DigitalSignature, usage];
        assert_eq!(check(&wants_to_sign), Err(CsrFault::Authority));
    }
    let mut modest = params([own()]);
    modest.is_ca = IsCa::ExplicitNoCa;
    modest.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    modest.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    assert!(check(&modest).is_ok());
}

#[test]
fn other_usages_and_extensions_cannot_be_requested() {
    for usage in [
        ExtendedKeyUsagePurpose::Any,
        ExtendedKeyUsagePurpose::CodeSigning,
        ExtendedKeyUsagePurpose::OcspSigning,
        ExtendedKeyUsagePurpose::Other(vec![1, 2, 3, 4]),
    ] {
        let mut more = params([own()]);
        more.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, usage];
        assert_eq!(check(&more), Err(CsrFault::ExtendedKeyUsage));
    }
    let mut unknown = params([own()]);
    unknown.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0])];
    assert_eq!(check(&unknown), Err(CsrFault::Extension("1.2.3.4".into())));
}

#[test]
fn nothing_may_be_hidden_behind_a_second_extension_or_list() {
    let names = |text: &str| {
        let name = [&[0x86, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        [&[0x30, u8::try_from(name.len()).unwrap()], name.as_slice()].concat()
    };
    let mut twice = params([own()]);
    twice.custom_extensions = vec![CustomExtension::from_oid_content(SAN, names("spiffe://x/y"))];
    assert_eq!(check(&twice), Err(CsrFault::Repeated));

    // SET { SEQUENCE OF { SEQUENCE { OID subjectAltName, OCTET STRING names } } }
    let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let extension = [wrap(6, &[0x55, 0x1d, 0x11]), wrap(4, &names("spiffe://x/y"))].concat();
    let values = wrap(0x31, &wrap(0x30, &wrap(0x30, &extension)));
    let list = Attribute { oid: &[1, 2, 840, 113549, 1, 9, 14], values };
    let two_lists =
        params([own()]).serialize_request_with_attributes(&KeyPair::generate().unwrap(), vec![list]).unwrap();
    assert_eq!(csr::check(&two_lists.pem().unwrap(), grant()), Err(CsrFault::Repeated));
}

#[test]
fn only_listed_kinds_of_key_are_signed() {
    for spec in [KeySpec::EcP256, KeySpec::EcP384, KeySpec::EcP521, KeySpec::Rsa2048] {
        let key = weft_ca::CaKey::generate(spec).unwrap();
        assert!(csr::check(&csr::create(&key, &grant()).unwrap(), grant()).is_ok(), "{spec:?}");
    }
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ML_DSA_44] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let request = params([own()]).serialize_request(&key).unwrap().pem().unwrap();
        assert_eq!(csr::check(&request, grant()), Err(CsrFault::KeyKind));
    }
}

#[test]
fn the_signature_must_be_by_the_key_inside() {
    let der = der(&request(&params([own()])));
    let mut broken = der.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(csr::check(&pem(&broken), grant()), Err(CsrFault::Signature));
    // The signature is good, but for another body.
    let mut altered = der.clone();
    let subject = altered.windows(5).position(|bytes| bytes == b"rcgen").unwrap();
    altered[subject] = b'x';
    assert_eq!(csr::check(&pem(&altered), grant()), Err(CsrFault::Signature));
}

#[test]
fn what_is_no_single_request_is_refused() {
    let good = request(&params([own()]));
    let key = p256();
    let trailing = pem(&[der(&good), vec![0]].concat());
    let with_key = format!("{good}{}", key.private_pem().0);
    for text in ["", "garbage", &good.replace("REQUEST", "X"), &good[..100], &trailing, &with_key, &good.repeat(2)] {
        assert!(matches!(csr::check(text, grant()), Err(CsrFault::Malformed(_))), "{text}");
    }
    assert_eq!(csr::check(&"x".repeat(20_000), grant()), Err(CsrFault::TooLarge));
}

/// One name of a random request.
fn name() -> impl Strategy<Value = SanType> {
    prop_oneof![
        Just(own()),
        Just(uri(&service("db").to_string())),
        Just(uri("spiffe://other.consul/ns/default/dc/dc1/svc/web")),
        Just(dns("granted.example.com")),
        Just(dns("foreign.example.com")),
        Just(SanType::IpAddress([10, 0, 0, 1].into())),
        Just(SanType::Rfc822Name("a@b".try_into().unwrap())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_request_passes_exactly_when_it_asks_for_the_grant(names in prop::collection::vec(name(), 0..4)) {
        let granted = Grant { dns_names: vec!["granted.example.com".into()], ..grant() };
        let uris = names.iter().filter(|name| matches!(name, SanType::URI(_))).count();
        let within = |name: &SanType| *name == own() || *name == dns("granted.example.com");
        let expected = uris == 1 && names.iter().all(within);
        let outcome = csr::check(&request(&params(names.clone())), granted);
        prop_assert_eq!(outcome.is_ok(), expected, "{:?} for {:?}", outcome, names);
    }

    #[test]
    fn no_flipped_bit_passes_and_nothing_panics(position in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut der = der(&csr::create(&p256(), &grant()).unwrap());
        let position = position.index(der.len());
        der[position] ^= 1 << bit;
        prop_assert!(csr::check(&pem(&der), grant()).is_err());
    }

    #[test]
    fn random_bytes_neither_pass_nor_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(csr::check(&pem(&bytes), grant()).is_err());
    }
}
