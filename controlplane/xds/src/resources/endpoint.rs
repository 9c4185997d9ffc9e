//! Endpoints of a cluster.

use weft_mesh::endpoints::{Endpoint, Endpoints};
use weft_proto::envoy::endpoint::{
    ClusterLoadAssignment, Endpoint as Host, LbEndpoint, LocalityLbEndpoints, lb_endpoint,
};

use super::common::{ip_address, uint};
use crate::set::Resource;

/// The instances that the cluster `name` may call; none is a valid answer.
pub(super) fn assignment(name: &str, endpoints: &Endpoints) -> Resource {
    let hosts: Vec<_> = endpoints.list.iter().map(host).collect();
    let locality = LocalityLbEndpoints { lb_endpoints: hosts, ..LocalityLbEndpoints::default() };
    let endpoints = if locality.lb_endpoints.is_empty() { vec![] } else { vec![locality] };
    Resource::of(&ClusterLoadAssignment { cluster_name: name.to_owned(), endpoints, ..Default::default() })
}

fn host(endpoint: &Endpoint) -> LbEndpoint {
    let host = Host { address: Some(ip_address(endpoint.ip, endpoint.port)), ..Host::default() };
    LbEndpoint {
        host_identifier: Some(lb_endpoint::HostIdentifier::Endpoint(host)),
        load_balancing_weight: Some(uint(endpoint.weight)),
        ..LbEndpoint::default()
    }
}
