//! Addresses and static clusters as Envoy writes them.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use crate::client::Address;

/// An IP address with a port.
pub(super) fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip(), "port_value": address.port() } })
}

/// Any address.
pub(super) fn address(address: &Address) -> Value {
    match address {
        Address::Tcp { host, port, .. } => json!({ "socket_address": { "address": host, "port_value": port } }),
        Address::Unix(path) => json!({ "pipe": { "path": path } }),
    }
}

/// A cluster of endpoints that are as good as each other, found by DNS where an address is a name.
pub(super) fn cluster(name: &str, to: &[Address]) -> Value {
    let is_named = |to: &Address| matches!(to, Address::Tcp { host, .. } if host.parse::<IpAddr>().is_err());
    let named = to.iter().any(is_named);
    let endpoints: Vec<_> = to.iter().map(|to| json!({ "endpoint": { "address": address(to) } })).collect();
    json!({
        "name": name,
        "type": if named { "STRICT_DNS" } else { "STATIC" },
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": endpoints }],
        },
    })
}

/// A cluster that speaks HTTP/2 and notices when the other side is gone without a word.
pub(super) fn http2_cluster(name: &str, to: &[Address]) -> Value {
    let mut cluster = cluster(name, to);
    cluster["typed_extension_protocol_options"] = json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {
                "http2_protocol_options": { "connection_keepalive": { "interval": "30s", "timeout": "10s" } },
            },
        },
    });
    cluster
}
