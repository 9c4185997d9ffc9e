//! How Envoy's statistics are labelled: the parts of the mesh's names become tags, so that a dashboard
//! can ask for a service instead of a cluster name.
//!
//! A cluster is named `[hash~][subset.]service.namespace.datacenter.routing.trust-domain.consul`, and an
//! upstream's listener counts under `upstream.service.namespace.partition.datacenter`.

use serde_json::{Value, json};

use super::Proxy;

/// A part of a dotted name, and what follows it.
struct Part {
    end: &'static str,
    optional: bool,
}

const DOT: Part = Part { end: r"\.", optional: false };
const CLUSTER: &[Part] =
    &[Part { end: "~", optional: true }, Part { end: r"\.", optional: true }, DOT, DOT, DOT, DOT, DOT];
const UPSTREAM: &[Part] = &[DOT, DOT, DOT, DOT];

/// Tags of clusters: the first and the last of [`CLUSTER`]'s parts that each one shows.
const CLUSTER_TAGS: &[(&str, usize, usize)] = &[
    ("custom_hash", 0, 0),
    ("service_subset", 1, 1),
    ("service", 2, 2),
    ("namespace", 3, 3),
    ("datacenter", 4, 4),
    ("routing_type", 5, 5),
    ("trust_domain", 6, 6),
    ("target", 0, 4),
    ("full_target", 0, 6),
];
const UPSTREAM_TAGS: &[(&str, usize)] = &[("service", 0), ("namespace", 1), ("partition", 2), ("datacenter", 3)];

/// `stats_config`, with tags of the user's own behind ours.
pub(super) fn config(proxy: &Proxy, extra: &[(String, String)]) -> Value {
    let clusters = CLUSTER_TAGS.iter().map(|(tag, first, last)| {
        matched(&format!("consul.destination.{tag}"), &pattern(r"^cluster\.", CLUSTER, r"consul\.", (*first, *last)))
    });
    let upstreams = UPSTREAM_TAGS.iter().map(|(tag, part)| {
        matched(&format!("consul.upstream.{tag}"), &pattern(r"^(?:tcp|http)\.upstream\.", UPSTREAM, "", (*part, *part)))
    });
    let source = [
        ("local_cluster", proxy.service.as_str()),
        ("consul.source.service", &proxy.service),
        ("consul.source.namespace", "default"),
        ("consul.source.partition", "default"),
        ("consul.source.datacenter", &proxy.datacenter),
    ];
    let fixed = source.into_iter().chain(extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let fixed = fixed.map(|(name, value)| json!({ "tag_name": name, "fixed_value": value }));
    let tags: Vec<_> = clusters.chain(upstreams).chain(fixed).collect();
    json!({ "stats_tags": tags, "use_all_default_tags": true })
}

fn matched(name: &str, regex: &str) -> Value {
    json!({ "tag_name": name, "regex": regex })
}

/// A regular expression as Envoy wants it: its first group is what the tag takes out of the name, its
/// second one the tag's value, here the parts from the first to the last of `shown`.
fn pattern(before: &str, parts: &[Part], after: &str, shown: (usize, usize)) -> String {
    let part = |(position, Part { end, optional }): (usize, &Part)| {
        let single = shown == (position, position);
        let open = if single || (position == shown.0 && !optional) { "(" } else { "" };
        let outer = if !single && position == shown.0 && *optional { "(" } else { "" };
        let close = if position == shown.1 { ")" } else { "" };
        let text = format!("{open}[^.]+{close}{end}");
        if *optional { format!("{outer}(?:{text})?") } else { text }
    };
    let parts: String = parts.iter().enumerate().map(part).collect();
    format!("{before}({parts}{after})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_the_second_group_wherever_it_stands() {
        let cluster = |shown| pattern(r"^cluster\.", CLUSTER, r"consul\.", shown);
        let hash = r"^cluster\.((?:([^.]+)~)?(?:[^.]+\.)?[^.]+\.[^.]+\.[^.]+\.[^.]+\.[^.]+\.consul\.)";
        assert_eq!(cluster((0, 0)), hash);
        let service = r"^cluster\.((?:[^.]+~)?(?:[^.]+\.)?([^.]+)\.[^.]+\.[^.]+\.[^.]+\.[^.]+\.consul\.)";
        assert_eq!(cluster((2, 2)), service);
        let target = r"^cluster\.(((?:[^.]+~)?(?:[^.]+\.)?[^.]+\.[^.]+\.[^.]+)\.[^.]+\.[^.]+\.consul\.)";
        assert_eq!(cluster((0, 4)), target);
    }
}
