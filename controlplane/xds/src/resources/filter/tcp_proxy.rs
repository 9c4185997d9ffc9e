//! TCP proxy: bytes from one connection to another.

use weft_mesh::plan::{Inbound, Outbound};
use weft_mesh::settings::Settings;
use weft_proto::envoy::filter::network::tcp_proxy::TcpProxy;
use weft_proto::envoy::filter::network::tcp_proxy::tcp_proxy::ClusterSpecifier;
use weft_proto::{Any, any};

use super::upstream_stat_prefix;
use crate::resources::access_log;
use crate::resources::common::{LOCAL_APP, millis};

pub(super) const NAME: &str = "envoy.filters.network.tcp_proxy";

/// To the application.
pub(super) fn inbound(spec: &Inbound, settings: &Settings) -> Any {
    let idle_timeout = spec.idle_timeout_ms.map(millis);
    any(&TcpProxy { idle_timeout, ..proxy("public_listener".to_owned(), LOCAL_APP.to_owned(), settings) })
}

/// To the target of an upstream.
pub(super) fn outbound(spec: &Outbound, trust_domain: &str, settings: &Settings) -> Any {
    any(&proxy(upstream_stat_prefix(spec), spec.target.sni(trust_domain), settings))
}

fn proxy(stat_prefix: String, cluster: String, settings: &Settings) -> TcpProxy {
    TcpProxy {
        stat_prefix,
        cluster_specifier: Some(ClusterSpecifier::Cluster(cluster)),
        access_log: access_log::of_filter(settings.access_log.as_ref()),
        ..TcpProxy::default()
    }
}
