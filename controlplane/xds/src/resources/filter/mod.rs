//! The filters of listeners. One filter is one file here and, if it is an HTTP filter, one row of
//! [`HTTP_FILTERS`], which stand in the order in which requests pass them.

mod grpc_http1_bridge;
mod grpc_stats;
mod hcm;
pub(super) mod rbac;
mod router;
mod tcp_proxy;

use weft_mesh::authz::Authorization;
use weft_mesh::plan::{Inbound, Outbound};
use weft_mesh::settings::Settings;
use weft_model::config_entry::Protocol;
use weft_proto::Any;
use weft_proto::envoy::filter::network::http_connection_manager::{HttpFilter, http_filter};
use weft_proto::envoy::listener::{Filter, filter};

/// Which side of a proxy a listener is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inbound,
    Outbound,
}

/// An HTTP filter and where it belongs.
struct Row {
    name: &'static str,
    applies: fn(Side, Protocol) -> bool,
    config: fn() -> Any,
}

/// Authorization first: nothing is done for a request that is not allowed. The router ends the chain.
const HTTP_FILTERS: [Row; 4] = [
    Row { name: rbac::HTTP, applies: |side, _| side == Side::Inbound, config: rbac::http },
    Row {
        name: grpc_http1_bridge::NAME,
        applies: |_, protocol| protocol == Protocol::Grpc,
        config: grpc_http1_bridge::config,
    },
    Row { name: grpc_stats::NAME, applies: |_, protocol| protocol == Protocol::Grpc, config: grpc_stats::config },
    Row { name: router::NAME, applies: |_, _| true, config: router::config },
];

/// The filters of a public listener whose route table has the listener's name.
pub(super) fn inbound(name: &str, spec: &Inbound, authorization: &Authorization, settings: &Settings) -> Vec<Filter> {
    if spec.protocol.is_http() {
        vec![network(hcm::NAME, hcm::inbound(name, spec, authorization, settings))]
    } else {
        vec![
            network(rbac::NETWORK, rbac::network(authorization)),
            network(tcp_proxy::NAME, tcp_proxy::inbound(spec, settings)),
        ]
    }
}

/// The filters of an upstream's listener.
pub(super) fn outbound(spec: &Outbound, trust_domain: &str, settings: &Settings) -> Vec<Filter> {
    if spec.protocol.is_http() {
        vec![network(hcm::NAME, hcm::outbound(spec, settings))]
    } else {
        vec![network(tcp_proxy::NAME, tcp_proxy::outbound(spec, trust_domain, settings))]
    }
}

/// The HTTP filters of a listener, in order.
fn http_filters(side: Side, protocol: Protocol) -> Vec<HttpFilter> {
    let rows = HTTP_FILTERS.iter().filter(|row| (row.applies)(side, protocol));
    rows.map(|row| HttpFilter {
        name: row.name.to_owned(),
        config_type: Some(http_filter::ConfigType::TypedConfig((row.config)())),
        ..HttpFilter::default()
    })
    .collect()
}

/// `upstream.<service>.default.default.<dc>`: what metric tags are read from.
fn upstream_stat_prefix(spec: &Outbound) -> String {
    format!("upstream.{}.default.default.{}", spec.target.service, spec.target.datacenter)
}

fn network(name: &str, config: Any) -> Filter {
    Filter { name: name.to_owned(), config_type: Some(filter::ConfigType::TypedConfig(config)) }
}
