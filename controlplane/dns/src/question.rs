//! What a name asks for. The forms are those of Consul's DNS interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::Name;

use crate::settings::Settings;

/// A name, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The domain itself.
    Apex,
    /// A name that has others below it and nothing of its own: `service`, `service.dc1`, `dc1`.
    Branch,
    /// `[TAG.]NAME.service` and `_NAME._TAG[.service]`.
    Service { name: String, tag: Option<String> },
    /// `NAME.connect`: the proxies and native instances of a mesh destination.
    Connect(String),
    /// `NAME.virtual`: the address that stands for a mesh destination.
    Virtual(String),
    /// `NAME.ingress`: the gateways that let a service in.
    Ingress(String),
    /// `NAME.node`.
    Node(String),
    /// `NAME.query`: a prepared query by name or id.
    Query(String),
    /// `HEX.addr`: the address that the label spells.
    Address(IpAddr),
    /// A name under `in-addr.arpa` or `ip6.arpa`.
    Reverse(IpAddr),
    /// Below the domain, but nothing there: another datacenter or no known form.
    Nothing,
    /// Not ours.
    Outside,
}

/// Reads a name, whatever its case.
pub(crate) fn asked(name: &Name, settings: &Settings) -> Asked {
    let domains = std::iter::once(&settings.domain).chain(&settings.alt_domain);
    let Some(domain) = domains.into_iter().find(|domain| domain.zone_of(name)) else {
        return reverse(name).map_or(Asked::Outside, Asked::Reverse);
    };
    let depth = usize::from(name.num_labels() - domain.num_labels());
    let labels: Vec<_> = name.iter().take(depth).map(String::from_utf8_lossy).collect();
    let labels: Vec<&str> = labels.iter().map(|label| &**label).collect();
    if labels.is_empty() { Asked::Apex } else { below(&labels, &settings.datacenter) }
}

fn reverse(name: &Name) -> Option<IpAddr> {
    let is_arpa = name.iter().next_back().is_some_and(|label| label.eq_ignore_ascii_case(b"arpa"));
    let net = is_arpa.then(|| name.parse_arpa_name().ok())??;
    let whole = if net.addr().is_ipv4() { 32 } else { 128 };
    (net.prefix_len() == whole).then(|| net.addr())
}

/// The words that say of what kind a name is.
const KINDS: [&str; 7] = ["service", "connect", "node", "addr", "query", "ingress", "virtual"];

fn below(labels: &[&str], datacenter: &str) -> Asked {
    if let Some(asked) = by_protocol(labels, datacenter) {
        return asked;
    }
    // The kind is the last such word: a tag or a service may be called the same.
    let Some(at) = labels.iter().rposition(|label| KINDS.iter().any(|kind| is(label, kind))) else {
        let is_branch = is_here(labels, datacenter) || matches!(labels, [label] if label.starts_with('_'));
        return if is_branch { Asked::Branch } else { Asked::Nothing };
    };
    let (before, kind, place) = (&labels[..at], labels[at], &labels[at + 1..]);
    // An address is the same everywhere.
    if let (true, [hex], [] | [_]) = (is(kind, "addr"), before, place) {
        return address(hex).map_or(Asked::Nothing, Asked::Address);
    }
    if !is_here(place, datacenter) {
        return Asked::Nothing;
    }
    match (kind.to_ascii_lowercase().as_str(), before) {
        (_, []) => Asked::Branch,
        ("service", [name]) => Asked::Service { name: (*name).to_owned(), tag: None },
        ("service", [tag @ .., name]) => Asked::Service { name: (*name).to_owned(), tag: Some(tag.join(".")) },
        ("connect", [.., name]) => Asked::Connect((*name).to_owned()),
        ("virtual", [.., name]) => Asked::Virtual((*name).to_owned()),
        ("ingress", [.., name]) => Asked::Ingress((*name).to_owned()),
        ("node", _) => Asked::Node(before.join(".")),
        ("query", _) => Asked::Query(before.join(".")),
        _ => Asked::Nothing,
    }
}

fn is(label: &str, word: &str) -> bool {
    label.eq_ignore_ascii_case(word)
}

/// `_NAME._TAG[.service]` (RFC 2782), where the tag `tcp` stands for any.
fn by_protocol(labels: &[&str], datacenter: &str) -> Option<Asked> {
    let [service, tag, rest @ ..] = labels else { return None };
    let (service, tag) = (service.strip_prefix('_')?, tag.strip_prefix('_')?);
    let rest = if rest.first().is_some_and(|label| is(label, "service")) { &rest[1..] } else { rest };
    if !is_here(rest, datacenter) {
        return Some(Asked::Nothing);
    }
    let tag = (!is(tag, "tcp")).then(|| tag.to_owned());
    Some(Asked::Service { name: service.to_owned(), tag })
}

/// Whether what follows the kind means this datacenter: nothing, its name, or labels such as
/// `default.ns.dc1.dc`. Peers and sameness groups are elsewhere.
fn is_here(place: &[&str], datacenter: &str) -> bool {
    match place {
        [] => true,
        [only] => is(only, datacenter),
        [value, mark, rest @ ..] => {
            let here = match mark.to_ascii_lowercase().as_str() {
                "ns" | "ap" => is(value, "default"),
                "dc" => is(value, datacenter),
                _ => false,
            };
            here && is_here(rest, datacenter)
        }
    }
}

/// Eight hexadecimal digits are an IPv4 address, 32 an IPv6 address.
fn address(hex: &str) -> Option<IpAddr> {
    match hex.len() {
        8 => u32::from_str_radix(hex, 16).ok().map(|bits| Ipv4Addr::from(bits).into()),
        32 => u128::from_str_radix(hex, 16).ok().map(|bits| Ipv6Addr::from(bits).into()),
        _ => None,
    }
}
