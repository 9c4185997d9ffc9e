//! Resources in short form: `cds/a=1>eds/a` is the cluster `a` with content `1`, of type EDS, pointing
//! to the endpoints `a`; `lds/l=2>rds/r,cds/a` a listener with a route table `r` and a TCP proxy to `a`.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;

use weft_proto::any;
use weft_proto::envoy::cluster::{Cluster, cluster};
use weft_proto::envoy::core::{DataSource, Locality, data_source};
use weft_proto::envoy::endpoint::{ClusterLoadAssignment, LocalityLbEndpoints};
use weft_proto::envoy::extension::tls::{GenericSecret, Secret, secret};
use weft_proto::envoy::filter::network::http_connection_manager::{
    HttpConnectionManager, Rds, http_connection_manager::RouteSpecifier,
};
use weft_proto::envoy::filter::network::tcp_proxy::{TcpProxy, tcp_proxy};
use weft_proto::envoy::listener::{Filter, FilterChain, Listener, filter::ConfigType};
use weft_proto::envoy::route::{Route, RouteAction, RouteConfiguration, VirtualHost, route::Action, route_action};
use weft_xds::set::{Body, Resource, ResourceSet, ResourceType};

/// The type of a short name.
pub fn kind(short: &str) -> ResourceType {
    let of = ResourceType::all().find(|of| of.kind().short == short);
    of.unwrap_or_else(|| panic!("no type {short:?}"))
}

/// A set of resources in short form, separated by spaces.
pub fn set(short: &str) -> ResourceSet {
    short.split_whitespace().map(resource).collect()
}

/// One resource in short form.
pub fn resource(short: &str) -> Arc<Resource> {
    let (head, refs) = short.split_once('>').unwrap_or((short, ""));
    let (path, content) = head.split_once('=').unwrap_or((head, ""));
    let (of, name) = path.split_once('/').unwrap();
    let refs: Vec<_> = refs.split(',').filter_map(|pointer| pointer.split_once('/')).collect();
    let resource = match kind(of) {
        ResourceType::Secret => Resource::of(&secret_of(name, content)),
        ResourceType::Cluster => Resource::of(&cluster_of(name, content, &refs)),
        ResourceType::ClusterLoadAssignment => Resource::of(&endpoints_of(name, content)),
        ResourceType::Listener => Resource::of(&listener_of(name, content, &refs)),
        ResourceType::RouteConfiguration => Resource::of(&routes_of(name, content, &refs)),
    };
    Arc::new(resource)
}

/// `name=content` of a resource made here.
pub fn show(resource: &Resource) -> String {
    show_body(resource.resource_type(), resource.body())
}

/// `name=content` of an encoded message made here.
pub fn show_body(of: ResourceType, body: &[u8]) -> String {
    fn read<M: Body>(body: &[u8], content: impl FnOnce(&M) -> String) -> String {
        let message = M::decode(body).unwrap();
        format!("{}={}", message.resource_name(), content(&message))
    }
    match of {
        ResourceType::Secret => read(body, |secret: &Secret| match &secret.r#type {
            Some(secret::Type::GenericSecret(generic)) => match &generic.secret.as_ref().unwrap().specifier {
                Some(data_source::Specifier::InlineString(text)) => text.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        }),
        ResourceType::Cluster => read(body, |cluster: &Cluster| cluster.alt_stat_name.clone()),
        ResourceType::ClusterLoadAssignment => {
            read(body, |load: &ClusterLoadAssignment| load.endpoints[0].locality.as_ref().unwrap().zone.clone())
        }
        ResourceType::Listener => read(body, |listener: &Listener| listener.stat_prefix.clone()),
        ResourceType::RouteConfiguration => {
            read(body, |routes: &RouteConfiguration| routes.internal_only_headers[0].clone())
        }
    }
}

fn secret_of(name: &str, content: &str) -> Secret {
    let specifier = data_source::Specifier::InlineString(content.to_owned());
    let generic = GenericSecret {
        secret: Some(DataSource { specifier: Some(specifier), ..DataSource::default() }),
        ..GenericSecret::default()
    };
    Secret { name: name.to_owned(), r#type: Some(secret::Type::GenericSecret(generic)) }
}

fn cluster_of(name: &str, content: &str, refs: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster { name: name.to_owned(), alt_stat_name: content.to_owned(), ..Cluster::default() };
    for (of, service) in refs {
        assert_eq!(*of, "eds", "clusters point to endpoints");
        let eds = cluster::DiscoveryType::Eds.into();
        cluster.cluster_discovery_type = Some(cluster::ClusterDiscoveryType::Type(eds));
        cluster.eds_cluster_config = Some(cluster::EdsClusterConfig {
            service_name: (*service).to_owned(),
            ..cluster::EdsClusterConfig::default()
        });
    }
    cluster
}

fn endpoints_of(name: &str, content: &str) -> ClusterLoadAssignment {
    let locality = Locality { zone: content.to_owned(), ..Locality::default() };
    ClusterLoadAssignment {
        cluster_name: name.to_owned(),
        endpoints: vec![LocalityLbEndpoints { locality: Some(locality), ..LocalityLbEndpoints::default() }],
        ..ClusterLoadAssignment::default()
    }
}

fn listener_of(name: &str, content: &str, refs: &[(&str, &str)]) -> Listener {
    let filters = refs.iter().map(|(of, name)| match *of {
        "rds" => any(&HttpConnectionManager {
            route_specifier: Some(RouteSpecifier::Rds(Rds { route_config_name: (*name).to_owned(), ..Rds::default() })),
            ..HttpConnectionManager::default()
        }),
        "cds" => any(&TcpProxy {
            cluster_specifier: Some(tcp_proxy::ClusterSpecifier::Cluster((*name).to_owned())),
            ..TcpProxy::default()
        }),
        other => panic!("listeners do not point to {other}"),
    });
    let filters =
        filters.map(|config| Filter { config_type: Some(ConfigType::TypedConfig(config)), ..Filter::default() });
    Listener {
        name: name.to_owned(),
        stat_prefix: content.to_owned(),
        filter_chains: vec![FilterChain { filters: filters.collect(), ..FilterChain::default() }],
        ..Listener::default()
    }
}

fn routes_of(name: &str, content: &str, refs: &[(&str, &str)]) -> RouteConfiguration {
    let routes = refs.iter().map(|(_, cluster)| Route {
        action: Some(Action::Route(RouteAction {
            cluster_specifier: Some(route_action::ClusterSpecifier::Cluster((*cluster).to_owned())),
            ..RouteAction::default()
        })),
        ..Route::default()
    });
    RouteConfiguration {
        name: name.to_owned(),
        internal_only_headers: vec![content.to_owned()],
        virtual_hosts: vec![VirtualHost { routes: routes.collect(), ..VirtualHost::default() }],
        ..RouteConfiguration::default()
    }
}
