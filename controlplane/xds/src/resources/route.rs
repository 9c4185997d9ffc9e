//! Route tables: of the public listener, where they carry its intentions, and of upstreams.

use std::collections::HashMap;

use weft_mesh::authz::Authorization;
use weft_mesh::plan::{Inbound, Outbound};
use weft_model::config_entry::Protocol;
use weft_proto::envoy::route::route::Action;
use weft_proto::envoy::route::route_action::{ClusterSpecifier, MaxStreamDuration};
use weft_proto::envoy::route::route_match::PathSpecifier;
use weft_proto::envoy::route::{Route, RouteAction, RouteConfiguration, RouteMatch, VirtualHost};
use weft_proto::google::protobuf::Duration;

use super::common::{LOCAL_APP, millis};
use super::filter::rbac;
use crate::set::Resource;

/// The routes of a public listener: everything to the application, for those who may.
pub(super) fn inbound(name: &str, inbound: &Inbound, authorization: &Authorization) -> Resource {
    let action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(LOCAL_APP.to_owned())),
        timeout: inbound.request_timeout_ms.map(millis).or_else(|| default_timeout(inbound.protocol)),
        idle_timeout: inbound.idle_timeout_ms.map(millis),
        max_stream_duration: deadlines(inbound.protocol),
        ..RouteAction::default()
    };
    let mut host = host("public_listener", action);
    host.typed_per_filter_config = HashMap::from([(rbac::HTTP.to_owned(), rbac::http_rules(authorization))]);
    table(name, host)
}

/// The routes of an upstream: everything to its target.
pub(super) fn outbound(outbound: &Outbound, trust_domain: &str) -> Resource {
    let action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(outbound.target.sni(trust_domain))),
        timeout: default_timeout(outbound.protocol),
        max_stream_duration: deadlines(outbound.protocol),
        ..RouteAction::default()
    };
    table(&outbound.name, host(&outbound.name, action))
}

/// Envoy's limit of 15 seconds would cut streaming calls off; gRPC brings deadlines of its own.
fn default_timeout(protocol: Protocol) -> Option<Duration> {
    (protocol == Protocol::Grpc).then(Duration::default)
}

/// The caller's `grpc-timeout` is the deadline, however long.
fn deadlines(protocol: Protocol) -> Option<MaxStreamDuration> {
    let honoured = MaxStreamDuration { grpc_timeout_header_max: Some(Duration::default()), ..Default::default() };
    (protocol == Protocol::Grpc).then_some(honoured)
}

fn host(name: &str, action: RouteAction) -> VirtualHost {
    let everything =
        RouteMatch { path_specifier: Some(PathSpecifier::Prefix("/".to_owned())), ..RouteMatch::default() };
    let route = Route { r#match: Some(everything), action: Some(Action::Route(action)), ..Route::default() };
    VirtualHost { name: name.to_owned(), domains: vec!["*".to_owned()], routes: vec![route], ..VirtualHost::default() }
}

fn table(name: &str, host: VirtualHost) -> Resource {
    Resource::of(&RouteConfiguration { name: name.to_owned(), virtual_hosts: vec![host], ..Default::default() })
}
