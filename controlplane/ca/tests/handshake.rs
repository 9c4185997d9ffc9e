//! Certificates of this CA in TLS 1.3 handshakes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, End, HOUR, LEAF_TTL, handshake, leaf, leaf_of_kind, new_root, now, service};
use weft_ca::KeySpec;
use weft_ca::cross_sign::{CrossTerms, cross_sign};
use weft_model::ca::CaRoot;

fn cross_signed(new: &CaRoot, old: &CaRoot) -> CaRoot {
    let terms = CrossTerms { serial_number: 9, now: now(), ttl: DAY * 365 };
    let copy = cross_sign(new, old, &common::domain(), terms).unwrap();
    CaRoot { intermediate_certs: vec![copy], ..new.clone() }
}

#[test]
fn two_services_of_one_root_see_each_others_identity() {
    let root = new_root(KeySpec::EcP256);
    let (web, api) = (leaf(&root, "web", now()), leaf(&root, "api", now()));
    let seen = handshake(End { leaf: &web, trusts: &[&root] }, End { leaf: &api, trusts: &[&root] }, now());
    assert_eq!(seen, Ok((service("web").to_string(), service("api").to_string())));
}

#[test]
fn every_kind_of_key_works_in_root_and_leaf() {
    for spec in [KeySpec::EcP256, KeySpec::EcP384, KeySpec::EcP521, KeySpec::Rsa2048] {
        let root = new_root(spec);
        let web = leaf_of_kind(&root, "web", now(), spec);
        let end = End { leaf: &web, trusts: &[&root] };
        assert!(handshake(end, end, now()).is_ok(), "{spec:?}");
    }
}

#[test]
fn a_leaf_of_another_authority_is_refused_by_both_ends() {
    let (ours, theirs) = (new_root(KeySpec::EcP256), new_root(KeySpec::EcP256));
    let (good, foreign) = (leaf(&ours, "web", now()), leaf(&theirs, "web", now()));
    let good = End { leaf: &good, trusts: &[&ours] };
    // The foreigner would take ours, so it is we who refuse.
    let foreign = End { leaf: &foreign, trusts: &[&ours] };
    assert!(handshake(foreign, good, now()).is_err());
    assert!(handshake(good, foreign, now()).is_err());
    assert!(handshake(good, good, now()).is_ok());
}

#[test]
fn a_leaf_works_from_a_minute_before_it_was_made_until_its_end() {
    let root = new_root(KeySpec::EcP256);
    let web = leaf(&root, "web", now());
    let works = |at| {
        let end = End { leaf: &web, trusts: &[&root] };
        handshake(end, end, at).is_ok()
    };
    let second = HOUR / 3600;
    assert!(works(now().minus(second * 60)) && !works(now().minus(second * 61)));
    assert!(works(now().plus(LEAF_TTL)) && !works(now().plus(LEAF_TTL + second)));
}

#[test]
fn a_cross_signed_root_is_trusted_by_those_who_know_the_old_or_the_new_root_only() {
    for (old_spec, new_spec) in [(KeySpec::EcP256, KeySpec::EcP256), (KeySpec::Rsa2048, KeySpec::EcP384)] {
        let old = new_root(old_spec);
        let new = cross_signed(&new_root(new_spec), &old);
        let (old_leaf, new_leaf) = (leaf(&old, "web", now()), leaf(&new, "api", now()));
        for trusts in [&[&old][..], &[&new], &[&old, &new], &[&new, &old]] {
            let both_new = handshake(End { leaf: &new_leaf, trusts }, End { leaf: &new_leaf, trusts }, now());
            assert!(both_new.is_ok(), "{both_new:?}");
        }
        // In the middle of the rotation: one end is done, the other knows nothing of it.
        let done = End { leaf: &new_leaf, trusts: &[&old, &new] };
        let behind = End { leaf: &old_leaf, trusts: &[&old] };
        assert!(handshake(done, behind, now()).is_ok());
        assert!(handshake(behind, done, now()).is_ok());
    }
}

#[test]
fn without_the_cross_signed_copy_the_old_roots_followers_refuse() {
    let (old, new) = (new_root(KeySpec::EcP256), new_root(KeySpec::EcP256));
    let (old_leaf, new_leaf) = (leaf(&old, "web", now()), leaf(&new, "api", now()));
    let behind = End { leaf: &old_leaf, trusts: &[&old] };
    assert!(handshake(End { leaf: &new_leaf, trusts: &[&old, &new] }, behind, now()).is_err());
}

#[test]
fn local_names_are_for_the_granted_names_only() {
    use weft_ca::csr::{self, Grant};
    use weft_ca::leaf::{LeafTerms, Signer};

    let root = new_root(KeySpec::EcP256);
    let key = common::p256();
    let grant = Grant {
        dns_names: vec!["*.ingress.consul".into(), "shop.example.com".into()],
        ip_addresses: vec!["10.0.0.1".parse().unwrap()],
        ..Grant::of(service("gateway"))
    };
    let request = csr::check(&csr::create(&key, &grant).unwrap(), grant).unwrap();
    let terms = LeafTerms { serial_number: 8, now: now(), ttl: LEAF_TTL };
    let signed = Signer::new(&root).unwrap().sign(&request, terms).unwrap();
    let gateway = signed.with_key("gateway".into(), key.private_pem().clone());
    let valid_for = |name| common::server_chain_is_valid_for(&gateway, &root, name, now());
    assert!(valid_for("shop.example.com") && valid_for("web.ingress.consul") && valid_for("10.0.0.1"));
    assert!(!valid_for("other.example.com") && !valid_for("10.0.0.2"));
    // The common name is no name.
    assert!(!valid_for("gateway.svc.default.30976b10.consul"));
}
