//! Listeners that publish a part of Envoy's admin interface, and nothing else of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::{Value, json};

use super::endpoint;
use crate::client::Address;

const ADMIN_CLUSTER: &str = "self_admin";

/// A part of the admin interface, and where to publish it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    /// The listener's name.
    pub(super) name: &'static str,
    pub(super) bind: SocketAddr,
    /// The path outside.
    pub(super) path: &'static str,
    /// The path at the admin interface.
    pub(super) admin_path: &'static str,
}

/// The cluster that those listeners speak to.
pub(super) fn admin_cluster(admin: SocketAddr) -> Value {
    let reachable = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => admin.ip(),
    };
    endpoint::cluster(ADMIN_CLUSTER, &Address::Tcp { host: reachable.to_string(), port: admin.port() })
}

/// The listener.
pub(super) fn listener(published: &Published) -> Value {
    json!({
        "name": published.name,
        "address": endpoint::socket(published.bind),
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager(published),
        }] }],
    })
}

fn manager(published: &Published) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": published.name,
        "codec_type": "HTTP1",
        "route_config": {
            "name": published.name,
            "virtual_hosts": [{
                "name": published.name,
                "domains": ["*"],
                "routes": [
                    {
                        "match": { "path": published.path },
                        "route": { "cluster": ADMIN_CLUSTER, "prefix_rewrite": published.admin_path },
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
