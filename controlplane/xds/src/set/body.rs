//! The five messages as resources: their type, their name, and what they point to.
//!
//! Pointers are read here, once per encoded resource, so that no session has to look into bytes:
//! clusters point to their endpoints, listeners to route tables, listeners and routes to clusters.

use prost::Message;
use weft_proto::envoy::cluster::{Cluster, cluster};
use weft_proto::envoy::endpoint::ClusterLoadAssignment;
use weft_proto::envoy::extension::tls::Secret;
use weft_proto::envoy::filter::network::http_connection_manager::{
    HttpConnectionManager, http_connection_manager::RouteSpecifier,
};
use weft_proto::envoy::filter::network::tcp_proxy::{TcpProxy, tcp_proxy};
use weft_proto::envoy::listener::{Filter, Listener, filter::ConfigType};
use weft_proto::envoy::route::{RouteConfiguration, route::Action, route_action};

use super::{Name, ResourceType};

/// A pointer from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// The type pointed to.
    pub of: ResourceType,
    /// Its name.
    pub name: Name,
}

/// A message that can be served.
pub trait Body: Message + prost::Name + Default {
    /// Its type.
    const TYPE: ResourceType;
    /// Its name among those of its type.
    fn resource_name(&self) -> &str;
    /// What it points to; may repeat.
    fn references(&self) -> Vec<Ref>;
}

impl Body for Secret {
    const TYPE: ResourceType = ResourceType::Secret;

    fn resource_name(&self) -> &str {
        &self.name
    }

    fn references(&self) -> Vec<Ref> {
        Vec::new()
    }
}

impl Body for ClusterLoadAssignment {
    const TYPE: ResourceType = ResourceType::ClusterLoadAssignment;

    fn resource_name(&self) -> &str {
        &self.cluster_name
    }

    fn references(&self) -> Vec<Ref> {
        Vec::new()
    }
}

impl Body for Cluster {
    const TYPE: ResourceType = ResourceType::Cluster;

    fn resource_name(&self) -> &str {
        &self.name
    }

    fn references(&self) -> Vec<Ref> {
        let eds = cluster::ClusterDiscoveryType::Type(cluster::DiscoveryType::Eds.into());
        if self.cluster_discovery_type != Some(eds) {
            return Vec::new();
        }
        let config = self.eds_cluster_config.as_ref();
        let name = config.map(|eds| eds.service_name.as_str());
        let name = name.filter(|name| !name.is_empty()).unwrap_or(&self.name);
        vec![pointer(ResourceType::ClusterLoadAssignment, name)]
    }
}

impl Body for Listener {
    const TYPE: ResourceType = ResourceType::Listener;

    fn resource_name(&self) -> &str {
        &self.name
    }

    fn references(&self) -> Vec<Ref> {
        let chains = self.filter_chains.iter().chain(&self.default_filter_chain);
        let filters = chains.flat_map(|chain| &chain.filters);
        filters.flat_map(filter_references).collect()
    }
}

impl Body for RouteConfiguration {
    const TYPE: ResourceType = ResourceType::RouteConfiguration;

    fn resource_name(&self) -> &str {
        &self.name
    }

    fn references(&self) -> Vec<Ref> {
        let routes = self.virtual_hosts.iter().flat_map(|host| &host.routes);
        let actions = routes.filter_map(|route| match &route.action {
            Some(Action::Route(action)) => action.cluster_specifier.as_ref(),
            Some(
                Action::Redirect(_)
                | Action::DirectResponse(_)
                | Action::FilterAction(_)
                | Action::NonForwardingAction(_),
            )
            | None => None,
        });
        actions.flat_map(route_clusters).collect()
    }
}

fn route_clusters(specifier: &route_action::ClusterSpecifier) -> Vec<Ref> {
    use route_action::ClusterSpecifier as To;
    match specifier {
        To::Cluster(name) => vec![pointer(ResourceType::Cluster, name)],
        To::WeightedClusters(split) => {
            let parts = split.clusters.iter();
            parts.map(|part| pointer(ResourceType::Cluster, &part.name)).collect()
        }
        To::ClusterHeader(_) | To::ClusterSpecifierPlugin(_) | To::InlineClusterSpecifierPlugin(_) => Vec::new(),
    }
}

/// Only the two terminal filters that name clusters are looked into. An unknown filter's pointers are
/// merely not waited for: clusters still go out first on the stream.
fn filter_references(filter: &Filter) -> Vec<Ref> {
    let Some(ConfigType::TypedConfig(config)) = &filter.config_type else {
        return Vec::new();
    };
    let value = config.value.as_slice();
    if config.type_url == <HttpConnectionManager as prost::Name>::type_url() {
        HttpConnectionManager::decode(value).map_or_else(|_| Vec::new(), |http| http_routes(&http))
    } else if config.type_url == <TcpProxy as prost::Name>::type_url() {
        TcpProxy::decode(value).map_or_else(|_| Vec::new(), |tcp| tcp_clusters(&tcp))
    } else {
        Vec::new()
    }
}

fn http_routes(http: &HttpConnectionManager) -> Vec<Ref> {
    match &http.route_specifier {
        Some(RouteSpecifier::Rds(rds)) => vec![pointer(ResourceType::RouteConfiguration, &rds.route_config_name)],
        Some(RouteSpecifier::RouteConfig(routes)) => routes.references(),
        Some(RouteSpecifier::ScopedRoutes(_)) | None => Vec::new(),
    }
}

fn tcp_clusters(tcp: &TcpProxy) -> Vec<Ref> {
    use tcp_proxy::ClusterSpecifier as To;
    match &tcp.cluster_specifier {
        Some(To::Cluster(name)) => vec![pointer(ResourceType::Cluster, name)],
        Some(To::WeightedClusters(split)) => {
            let parts = split.clusters.iter();
            parts.map(|part| pointer(ResourceType::Cluster, &part.name)).collect()
        }
        None => Vec::new(),
    }
}

fn pointer(of: ResourceType, name: &str) -> Ref {
    Ref { of, name: name.into() }
}
