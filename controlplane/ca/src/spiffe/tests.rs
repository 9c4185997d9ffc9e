#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const UUID: &str = "30976b10-1e07-f80a-d0c2-d985611970e8";

fn domain() -> TrustDomain {
    TrustDomain::of_cluster(UUID).unwrap()
}

fn service(name: &str) -> Result<SpiffeId, SpiffeError> {
    SpiffeId::service(domain(), "dc1".into(), name.into())
}

/// Recorded from Consul 1.8.7.
#[test]
fn segments_are_escaped_as_consul_does() {
    for (name, segment) in [
        ("web", "web"),
        ("Web", "Web"),
        ("a b", "a%20b"),
        ("a+b", "a+b"),
        ("é", "%C3%A9"),
        ("a%b", "a%25b"),
        ("a:b@c", "a:b@c"),
        ("a_b~c!$&()*,;='", "a_b~c%21$&%28%29%2A,;=%27"),
    ] {
        let expected = format!("spiffe://{UUID}.consul/ns/default/dc/dc1/svc/{segment}");
        assert_eq!(service(name).unwrap().to_string(), expected);
    }
}

#[test]
fn every_form_parses_back() {
    let dc: Datacenter = "dc1".into();
    for (identity, path) in [
        (Identity::Signing, ""),
        (Identity::Service { datacenter: dc.clone(), service: "web".into() }, "/ns/default/dc/dc1/svc/web"),
        (Identity::Agent { datacenter: dc.clone(), node: "n1".into() }, "/agent/client/dc/dc1/id/n1"),
        (Identity::Server { datacenter: dc.clone() }, "/agent/server/dc/dc1"),
        (Identity::MeshGateway { datacenter: dc.clone() }, "/gateway/mesh/dc/dc1"),
    ] {
        let id = SpiffeId::new(domain(), identity).unwrap();
        assert_eq!(id.to_string(), format!("spiffe://{UUID}.consul{path}"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}

#[test]
fn anything_but_the_canonical_spelling_is_refused() {
    let good = service("web").unwrap().to_string();
    assert!(good.parse::<SpiffeId>().is_ok());
    for bad in [
        "",
        "spiffe://",
        "http://td.consul/ns/default/dc/dc1/svc/web",
        "SPIFFE://td.consul/ns/default/dc/dc1/svc/web",
        "spiffe://TD.consul/ns/default/dc/dc1/svc/web",
        "spiffe://td.consul:8443/ns/default/dc/dc1/svc/web",
        "spiffe://user@td.consul/ns/default/dc/dc1/svc/web",
        "spiffe://td..consul/ns/default/dc/dc1/svc/web",
        "spiffe://td.consul/",
        "spiffe://td.consul/ns/default/dc/dc1/svc/web/",
        "spiffe://td.consul/ns/default/dc/dc1/svc/",
        "spiffe://td.consul//ns/default/dc/dc1/svc/web",
        "spiffe://td.consul/ns/other/dc/dc1/svc/web",
        "spiffe://td.consul/ns/default/dc/dc1/svc/web?x=1",
        "spiffe://td.consul/ns/default/dc/dc1/svc/web#x",
        "spiffe://td.consul/ns/default/dc/dc1/svc/w%65b",
        "spiffe://td.consul/ns/default/dc/dc1/svc/a%2fb",
        "spiffe://td.consul/ns/default/dc/dc1/svc/a%2Fb",
        "spiffe://td.consul/ns/default/dc/dc1/svc/a%c3%a9",
        "spiffe://td.consul/ns/default/dc/dc1/svc/a%0",
        "spiffe://td.consul/ns/default/dc/dc1/svc/a%00",
        "spiffe://td.consul/ns/default/dc/dc1/svc/web\0",
        "spiffe://td.consul/ns/default/dc/dc1/svc/..",
        "spiffe://td.consul/ns/default/dc/*/svc/web",
        " spiffe://td.consul",
    ] {
        assert!(bad.parse::<SpiffeId>().is_err(), "{bad:?}");
    }
}

#[test]
fn names_that_fit_no_segment_are_refused() {
    for name in ["", ".", "..", "a/b", "a\0", "a\n", &"x".repeat(3000)] {
        assert!(service(name).is_err(), "{name:?}");
    }
}

#[test]
fn the_short_form_of_a_trust_domain_is_its_first_eight_characters() {
    assert_eq!((domain().short(), domain().cluster_id()), ("30976b10", UUID));
    assert_eq!(TrustDomain::of_cluster("abc").unwrap().short(), "abc");
}

proptest! {
    #[test]
    fn every_acceptable_name_round_trips(dc in "\\PC{1,20}", name in "\\PC{1,40}") {
        if let Ok(id) = SpiffeId::service(domain(), dc.into(), name.into()) {
            prop_assert_eq!(id.to_string().parse::<SpiffeId>(), Ok(id));
        }
    }

    #[test]
    fn whatever_parses_prints_as_it_was(text in "spiffe://[a-z]{1,5}(/(ns|default|dc|svc|agent|server|%[0-9a-fA-F]{2}|[a-z%~*]{1,4})){0,6}") {
        if let Ok(id) = text.parse::<SpiffeId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
