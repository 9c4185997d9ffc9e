//! Certificate authorities for tests: one with fixed texts, and a real one.
#![allow(dead_code)]

use weft_ca::csr::{self, Grant};
use weft_ca::leaf::{LeafTerms, Signer};
use weft_ca::rotation::{self, Draw};
use weft_ca::{CaKey, KeySpec, SpiffeId, TrustDomain, config};
use weft_model::Timestamp;
use weft_model::ca::{CaRoot, CaState, Leaf, PrivateKeyPem};

pub(crate) const CLUSTER: &str = "11111111-2222-3333-4444-555555555555";

/// Not a certificate, but the same one each time.
pub(crate) fn fixed() -> CaState {
    let root = CaRoot { active: true, root_cert: pem("CERTIFICATE", "cm9vdA=="), ..CaRoot::default() };
    CaState { trust_domain: format!("{CLUSTER}.consul"), roots: vec![root], ..CaState::default() }
}

/// As [`fixed`].
pub(crate) fn fixed_leaf(service: &str) -> Leaf {
    Leaf {
        serial_number: 1,
        cert_pem: pem("CERTIFICATE", "bGVhZg=="),
        private_key_pem: PrivateKeyPem(pem("PRIVATE KEY", "a2V5")),
        service: service.into(),
        service_uri: String::new(),
        valid_after: Timestamp(0),
        valid_before: Timestamp(0),
        root_id: String::new(),
    }
}

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// A real authority of the same trust domain.
pub(crate) fn real() -> CaState {
    let domain = TrustDomain::of_cluster(CLUSTER).unwrap();
    rotation::bootstrap(&domain, &config::default_config(), &Draw::new(now()), &mut CaKey::generate).unwrap()
}

/// A leaf of a real authority.
pub(crate) fn real_leaf(ca: &CaState, service: &str) -> Leaf {
    let domain: TrustDomain = ca.trust_domain.parse().unwrap();
    let identity = SpiffeId::service(domain, "dc1".into(), service.into()).unwrap();
    let key = CaKey::generate(KeySpec::from_config("ec", 256).unwrap()).unwrap();
    let grant = Grant::of(identity);
    let request = csr::check(&csr::create(&key, &grant).unwrap(), grant).unwrap();
    let signer = Signer::new(ca.active_root().unwrap()).unwrap();
    let terms = LeafTerms { serial_number: 7, now: now(), ttl: std::time::Duration::from_secs(3600) };
    signer.sign(&request, terms).unwrap().with_key(service.into(), key.private_pem().clone())
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(now.as_nanos()).unwrap())
}

/// The names in SPIFFE ids are escaped here and in the authority by separate code.
#[test]
fn both_sides_write_the_same_ids() {
    let domain = TrustDomain::of_cluster(CLUSTER).unwrap();
    for name in ["web", "Web", "a b", "a+b", "é", "a%b", "a:b@c", "a_b~c!$&()*,;='", "a.b", "\"<>[]{}|^`\\?#"] {
        let id = SpiffeId::service(domain.clone(), "dc 1".into(), name.into()).unwrap();
        assert_eq!(weft_mesh::names::spiffe_id(&name.into(), &"dc 1".into(), domain.as_str()), id.to_string());
    }
}
