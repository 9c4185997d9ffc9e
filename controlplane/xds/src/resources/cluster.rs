//! Clusters: the application behind the proxy, and the targets it calls.

use std::collections::HashMap;

use weft_mesh::plan::{Cluster as Spec, Limits, LocalApp, Outliers};
use weft_mesh::settings::TlsRules;
use weft_model::config_entry::Protocol;
use weft_proto::envoy::cluster::circuit_breakers::Thresholds;
use weft_proto::envoy::cluster::cluster::{
    ClusterDiscoveryType, CommonLbConfig, DiscoveryType, DnsLookupFamily, EdsClusterConfig,
};
use weft_proto::envoy::cluster::{CircuitBreakers, Cluster, OutlierDetection};
use weft_proto::envoy::core::{Http1ProtocolOptions, Http2ProtocolOptions};
use weft_proto::envoy::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints, lb_endpoint};
use weft_proto::envoy::extension::upstream_http::HttpProtocolOptions;
use weft_proto::envoy::extension::upstream_http::http_protocol_options::explicit_http_config::ProtocolConfig;
use weft_proto::envoy::extension::upstream_http::http_protocol_options::{ExplicitHttpConfig, UpstreamProtocolOptions};
use weft_proto::envoy::kind::Percent;
use weft_proto::{Any, any};

use super::common::{LOCAL_APP, ads, local_address, millis, uint};
use super::tls;
use crate::set::Resource;

/// The cluster `local_app`.
pub(super) fn local_app(app: &LocalApp) -> Resource {
    let discovery = if app.local.is_name() { DiscoveryType::StrictDns } else { DiscoveryType::Static };
    // The application's own limits hold; ours would cut it off at Envoy's 1024.
    let thresholds = Thresholds {
        max_connections: Some(uint(app.max_connections.unwrap_or(u32::MAX))),
        max_pending_requests: Some(uint(u32::MAX)),
        max_requests: Some(uint(u32::MAX)),
        ..Thresholds::default()
    };
    let host = Endpoint { address: Some(local_address(&app.local)), ..Endpoint::default() };
    let host =
        LbEndpoint { host_identifier: Some(lb_endpoint::HostIdentifier::Endpoint(host)), ..LbEndpoint::default() };
    let locality = LocalityLbEndpoints { lb_endpoints: vec![host], ..LocalityLbEndpoints::default() };
    Resource::of(&Cluster {
        name: LOCAL_APP.to_owned(),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(discovery.into())),
        dns_lookup_family: DnsLookupFamily::V4Preferred.into(),
        connect_timeout: Some(millis(app.connect_timeout_ms)),
        circuit_breakers: Some(CircuitBreakers { thresholds: vec![thresholds], ..CircuitBreakers::default() }),
        load_assignment: Some(ClusterLoadAssignment {
            cluster_name: LOCAL_APP.to_owned(),
            endpoints: vec![locality],
            ..ClusterLoadAssignment::default()
        }),
        typed_extension_protocol_options: protocol_options(app.protocol),
        ..Cluster::default()
    })
}

/// The cluster of a target: its instances over the same stream, its identity verified.
pub(super) fn target(spec: &Spec, rules: &TlsRules, trust_domain: &str) -> Resource {
    let name = spec.target.sni(trust_domain);
    let identity = spec.target.spiffe_id(trust_domain);
    Resource::of(&Cluster {
        alt_stat_name: format!("{name}."),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::Eds.into())),
        eds_cluster_config: Some(EdsClusterConfig { eds_config: Some(ads()), ..EdsClusterConfig::default() }),
        connect_timeout: Some(millis(spec.connect_timeout_ms)),
        circuit_breakers: circuit_breakers(&spec.limits),
        outlier_detection: Some(outlier_detection(&spec.outliers)),
        // When no instance is healthy, none is called.
        common_lb_config: Some(CommonLbConfig {
            healthy_panic_threshold: Some(Percent { value: 0.0 }),
            ..CommonLbConfig::default()
        }),
        typed_extension_protocol_options: protocol_options(spec.protocol),
        transport_socket: Some(tls::upstream(rules, spec.protocol, &name, &identity)),
        name,
        ..Cluster::default()
    })
}

fn circuit_breakers(limits: &Limits) -> Option<CircuitBreakers> {
    if *limits == Limits::default() {
        return None;
    }
    let thresholds = Thresholds {
        max_connections: limits.max_connections.map(uint),
        max_pending_requests: limits.max_pending_requests.map(uint),
        max_requests: limits.max_concurrent_requests.map(uint),
        ..Thresholds::default()
    };
    Some(CircuitBreakers { thresholds: vec![thresholds], ..CircuitBreakers::default() })
}

fn outlier_detection(outliers: &Outliers) -> OutlierDetection {
    OutlierDetection {
        interval: outliers.interval_ms.map(millis),
        consecutive_5xx: outliers.max_failures.map(uint),
        enforcing_consecutive_5xx: outliers.enforcing_percent.map(uint),
        max_ejection_percent: outliers.max_ejection_percent.map(uint),
        base_ejection_time: outliers.base_ejection_ms.map(millis),
        ..OutlierDetection::default()
    }
}

fn protocol_options(protocol: Protocol) -> HashMap<String, Any> {
    let config = match protocol {
        Protocol::Tcp => return HashMap::new(),
        Protocol::Http => ProtocolConfig::HttpProtocolOptions(Http1ProtocolOptions::default()),
        Protocol::Http2 | Protocol::Grpc => ProtocolConfig::Http2ProtocolOptions(Http2ProtocolOptions::default()),
    };
    let options = HttpProtocolOptions {
        upstream_protocol_options: Some(UpstreamProtocolOptions::ExplicitHttpConfig(ExplicitHttpConfig {
            protocol_config: Some(config),
        })),
        ..HttpProtocolOptions::default()
    };
    HashMap::from([("envoy.extensions.upstreams.http.v3.HttpProtocolOptions".to_owned(), any(&options))])
}
