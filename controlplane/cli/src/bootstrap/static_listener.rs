//! Listeners that publish a part of Envoy's admin interface, and nothing else of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::{Value, json};

use super::endpoint;
use crate::client::Address;

const ADMIN_CLUSTER: &str = "self_admin";

/// A part of the admin interface that may be published.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The key that says where.
    pub(super) key: &'static str,
    /// The listener's name.
    listener: &'static str,
    /// The path outside.
    path: &'static str,
    /// The path at the admin interface.
    admin_path: &'static str,
}

/// All of them.
pub(super) const PARTS: &[Part] = &[
    Part {
        key: "envoy_prometheus_bind_addr",
        listener: "envoy_prometheus_metrics_listener",
        path: "/metrics",
        admin_path: "/stats/prometheus",
    },
    Part { key: "envoy_stats_bind_addr", listener: "envoy_metrics_listener", path: "/stats", admin_path: "/stats" },
    Part { key: "envoy_ready_bind_addr", listener: "envoy_ready_listener", path: "/ready", admin_path: "/ready" },
];

/// A part of the admin interface, and where to publish it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) part: &'static Part,
    pub(super) bind: SocketAddr,
}

/// The cluster that those listeners speak to.
pub(super) fn admin_cluster(admin: SocketAddr) -> Value {
    let reachable = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => admin.ip(),
    };
    endpoint::cluster(ADMIN_CLUSTER, &[Address::plain(SocketAddr::new(reachable, admin.port()))])
}

/// The listener.
pub(super) fn listener(published: &Published) -> Value {
    json!({
        "name": published.part.listener,
        "address": endpoint::socket(published.bind),
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager(published.part),
        }] }],
    })
}

fn manager(part: &Part) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": part.listener,
        "codec_type": "HTTP1",
        "route_config": {
            "name": part.listener,
            "virtual_hosts": [{
                "name": part.listener,
                "domains": ["*"],
                "routes": [
                    {
                        "match": { "path": part.path },
                        "route": { "cluster": ADMIN_CLUSTER, "prefix_rewrite": part.admin_path },
                    },
                    { "match": { "prefix": "/" }, "direct_response": { "status": 404 } },
                ],
            }],
        },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
    })
}
