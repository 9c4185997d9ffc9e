//! The names that proxies and certificates carry: SNI, listeners, SPIFFE ids and patterns of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use weft_model::catalog::{DestinationType, Upstream};
use weft_model::{Datacenter, ServiceName};

use crate::address::Bind;

/// `<service>.default.<dc>.internal.<trust domain>`: the SNI of a service and the name of its cluster.
#[must_use]
pub fn sni(service: &ServiceName, datacenter: &Datacenter, trust_domain: &str) -> String {
    format!("{service}.default.{datacenter}.internal.{trust_domain}")
}

/// `public_listener:<ip>:<port>`.
#[must_use]
pub fn public_listener(bind: &Bind) -> String {
    format!("public_listener:{bind}")
}

/// What an upstream is called: `api`, `api?dc=dc2`, `api?peer=east`, `prepared_query:api`.
#[must_use]
pub fn upstream(upstream: &Upstream) -> String {
    let name = &upstream.destination_name;
    let kind = match upstream.destination_type {
        DestinationType::Service => "",
        DestinationType::PreparedQuery => "prepared_query:",
    };
    let place = match (upstream.destination_peer.as_str(), upstream.datacenter.as_str()) {
        ("", "") => String::new(),
        ("", datacenter) => format!("?dc={datacenter}"),
        (peer, _) => format!("?peer={peer}"),
    };
    format!("{kind}{name}{place}")
}

/// `<upstream>:<ip>:<port>`.
#[must_use]
pub fn upstream_listener(upstream: &str, bind: &Bind) -> String {
    format!("{upstream}:{bind}")
}

/// `spiffe://<trust domain>/ns/default/dc/<dc>/svc/<service>`.
#[must_use]
pub fn spiffe_id(service: &ServiceName, datacenter: &Datacenter, trust_domain: &str) -> String {
    let (dc, name) = (segment(datacenter.as_str()), segment(service.as_str()));
    format!("spiffe://{trust_domain}/ns/default/dc/{dc}/svc/{name}")
}

/// A regular expression for the ids of a service in any datacenter.
#[must_use]
pub fn spiffe_pattern(service: &ServiceName, trust_domain: &str) -> String {
    let name = literal(&segment(service.as_str()));
    format!("^spiffe://{}/ns/default/dc/[^/]+/svc/{name}$", literal(trust_domain))
}

/// A regular expression for the ids of all services.
#[must_use]
pub fn any_spiffe_pattern(trust_domain: &str) -> String {
    format!("^spiffe://{}/ns/default/dc/[^/]+/svc/[^/]+$", literal(trust_domain))
}

/// A regular expression for the ids of all services but some. With names too long to be written that
/// way it is the one for all.
#[must_use]
pub fn spiffe_pattern_but(services: &[ServiceName], trust_domain: &str) -> String {
    let names: Vec<String> = services.iter().map(|name| segment(name.as_str())).collect();
    if names.iter().any(|name| name.len() > 256) || names.iter().map(String::len).sum::<usize>() > 16_384 {
        return any_spiffe_pattern(trust_domain);
    }
    // No name is empty.
    let words = names.iter().map(String::as_bytes).chain([&[][..]]).collect();
    format!("^spiffe://{}/ns/default/dc/[^/]+/svc/{}$", literal(trust_domain), segment_but(words))
}

/// Every segment but these, written letter by letter: expressions of proxies have no negation.
fn segment_but(words: Vec<&[u8]>) -> String {
    if words.is_empty() {
        return "[^/]*".to_owned();
    }
    let mut by_first = BTreeMap::<u8, Vec<&[u8]>>::new();
    for (first, rest) in words.iter().filter_map(|word| word.split_first()) {
        by_first.entry(*first).or_default().push(rest);
    }
    let letters: String = by_first.keys().map(|byte| format!("\\x{byte:02x}")).collect();
    let mut ways = vec![format!("[^/{letters}][^/]*")];
    ways.extend(by_first.into_iter().map(|(first, rest)| format!("\\x{first:02x}{}", segment_but(rest))));
    let end = if words.iter().any(|word| word.is_empty()) { "" } else { "|" };
    format!("(?:{}{end})", ways.join("|"))
}

/// A regular expression that no id matches.
#[must_use]
pub fn nobody_pattern() -> String {
    "^$".to_owned()
}

/// The text as a regular expression that matches it alone.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if char.is_ascii() && !char.is_ascii_alphanumeric() && !matches!(char, '/' | ':' | '-' | '_' | '%' | ' ' | ',')
        {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// A name as one segment of a SPIFFE id: what Go's `url.PathEscape` leaves, and `%XX` for the rest.
fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,:;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    const DOMAIN: &str = "30976b10-1e07-f80a-d0c2-d985611970e8.consul";

    #[test]
    fn names_are_those_of_consul() {
        let bind = Bind::tcp("127.0.0.1", 9191).unwrap();
        let api = Upstream { destination_name: "api".into(), ..Upstream::default() };
        assert_eq!(sni(&"api".into(), &"dc1".into(), DOMAIN), format!("api.default.dc1.internal.{DOMAIN}"));
        assert_eq!(public_listener(&Bind::tcp("0.0.0.0", 21000).unwrap()), "public_listener:0.0.0.0:21000");
        assert_eq!(upstream_listener(&upstream(&api), &bind), "api:127.0.0.1:9191");
        let far = Upstream { datacenter: "dc2".into(), ..api.clone() };
        assert_eq!(upstream_listener(&upstream(&far), &bind), "api?dc=dc2:127.0.0.1:9191");
        let query = Upstream { destination_type: DestinationType::PreparedQuery, ..api };
        assert_eq!(upstream(&query), "prepared_query:api");
        assert_eq!(
            spiffe_id(&"api".into(), &"dc1".into(), DOMAIN),
            format!("spiffe://{DOMAIN}/ns/default/dc/dc1/svc/api")
        );
    }

    #[test]
    fn a_name_in_a_pattern_matches_itself_only() {
        let id = |name: &str| spiffe_id(&name.into(), &"dc1".into(), DOMAIN);
        for (name, others) in [
            ("a.b", ["axb", "a-b", "a.b.c"]),
            ("a+", ["aa", "a", "aaa"]),
            ("a*", ["a", "aa", ""]),
            ("web", ["web2", "xweb", "we"]),
        ] {
            let pattern = Regex::new(&spiffe_pattern(&name.into(), DOMAIN)).unwrap();
            assert!(pattern.is_match(&id(name)), "{name}");
            for other in others {
                assert!(!pattern.is_match(&id(other)), "{name} {other}");
            }
        }
        let any = Regex::new(&any_spiffe_pattern(DOMAIN)).unwrap();
        assert!(any.is_match(&id("web")));
        assert!(!any.is_match(&id("web").replace(".consul", "xconsul")));
        assert!(!any.is_match(&format!("spiffe://{DOMAIN}/agent/client/dc/dc1/id/n1")));
        assert!(!any.is_match(&format!("{}/x", id("web"))));
    }

    proptest! {
        #[test]
        fn a_pattern_matches_its_own_id_and_no_other(one in "[a-c.+*()\\[\\]$^|?{}é %-]{1,4}", two in "[a-c.+*()$^|?é -]{1,3}") {
            let pattern = Regex::new(&spiffe_pattern(&one.as_str().into(), DOMAIN)).unwrap();
            prop_assert!(pattern.is_match(&spiffe_id(&one.as_str().into(), &"dc 1".into(), DOMAIN)));
            let other = spiffe_id(&two.as_str().into(), &"dc1".into(), DOMAIN);
            prop_assert_eq!(pattern.is_match(&other), one == two);
            let but = Regex::new(&spiffe_pattern_but(&[one.as_str().into(), "ab".into()], DOMAIN)).unwrap();
            prop_assert_eq!(but.is_match(&other), one != two && two != "ab");
        }
    }
}
