//! Serves one Envoy from a directory, to watch the two speak: a listener with routes from RDS, one with
//! a certificate from SDS, a cluster with endpoints from EDS.
//!
//!     cargo run -p weft-xds --example static -- DIR 127.0.0.1:18000
//!
//! DIR/state holds `key=value` lines and is read again whenever it changes: `endpoint` (a port, or 0 for
//! no endpoints at all), `timeout_ms` (of the cluster), `header` (of the route), `extra` (a number of
//! further clusters), `missing` (of clusters without endpoints), `bad` (of clusters that Envoy
//! refuses). DIR/leaf.pem and DIR/leaf.key are the secret.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::transport::server::TcpIncoming;
use weft_proto::any;
use weft_proto::envoy::cluster::{Cluster, cluster};
use weft_proto::envoy::core::{
    Address, AggregatedConfigSource, ConfigSource, DataSource, HeaderValue, HeaderValueOption, SocketAddress,
    TransportSocket, address, config_source, data_source, socket_address, transport_socket,
};
use weft_proto::envoy::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints, lb_endpoint};
use weft_proto::envoy::extension::tls::{
    CommonTlsContext, DownstreamTlsContext, SdsSecretConfig, Secret, TlsCertificate, secret,
};
use weft_proto::envoy::filter::http::router::Router;
use weft_proto::envoy::filter::network::http_connection_manager::{
    HttpConnectionManager, HttpFilter, Rds, http_connection_manager::RouteSpecifier, http_filter,
};
use weft_proto::envoy::filter::network::tcp_proxy::{TcpProxy, tcp_proxy};
use weft_proto::envoy::listener::{Filter, FilterChain, Listener, filter};
use weft_proto::envoy::route::{
    Route, RouteAction, RouteConfiguration, RouteMatch, VirtualHost, route, route_action, route_match,
};
use weft_proto::google::protobuf::{Any, Duration as WireDuration};
use weft_xds::StaticSource;
use weft_xds::ads::{Ads, Config};
use weft_xds::ledger::Ledger;
use weft_xds::set::{Resource, ResourceSet};

#[tokio::main]
async fn main() {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().expect("DIR ADDRESS"));
    let address = args.next().expect("DIR ADDRESS").parse().unwrap();
    let source = StaticSource::default();
    let ledger = Ledger::default();
    tokio::spawn(follow(dir, source.clone(), ledger.clone()));
    let ads = Ads::new(source, ledger, Config::default());
    let incoming = TcpIncoming::bind(address).unwrap().with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(ads);
    server.serve_with_incoming(incoming).await.unwrap();
}

async fn follow(dir: PathBuf, source: StaticSource, ledger: Ledger) {
    let mut last = (ResourceSet::default(), String::new());
    loop {
        let set = resources(&dir);
        if set != last.0 {
            println!("index {}", source.set(set.clone()));
            last.0 = set;
        }
        let shown = serde_json::to_string(&ledger.list()).unwrap();
        if shown != last.1 {
            println!("{shown}");
            last.1 = shown;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn resources(dir: &Path) -> ResourceSet {
    let text = std::fs::read_to_string(dir.join("state")).unwrap_or_default();
    let state: HashMap<&str, &str> = text.lines().filter_map(|l| l.split_once('=')).collect();
    let number = |key: &str, default: u32| {
        let value = state.get(key).and_then(|value| value.trim().parse().ok());
        value.unwrap_or(default)
    };
    let mut set = ResourceSet::default();
    set.insert(Resource::of(&cluster("api", number("timeout_ms", 1000))));
    match number("endpoint", 9001) {
        0 => {}
        port => set.insert(Resource::of(&endpoints("api", port))),
    }
    for n in 0..number("extra", 0) {
        let name = format!("extra-{n}");
        set.insert(Resource::of(&cluster(&name, 1000)));
        set.insert(Resource::of(&endpoints(&name, 9001)));
    }
    for n in 0..number("bad", 0) {
        let mut bad = cluster(&format!("bad-{n}"), 1000);
        bad.eds_cluster_config = None;
        set.insert(Resource::of(&bad));
    }
    for n in 0..number("missing", 0) {
        set.insert(Resource::of(&cluster(&format!("missing-{n}"), 1000)));
    }
    set.insert(Resource::of(&listener("plain", 15080, http(), None)));
    set.insert(Resource::of(&listener("tls", 15443, tcp(), Some(tls()))));
    set.insert(Resource::of(&routes(state.get("header").unwrap_or(&"one"))));
    set.insert(Resource::of(&leaf(dir)));
    set
}

fn ads() -> ConfigSource {
    ConfigSource {
        config_source_specifier: Some(config_source::ConfigSourceSpecifier::Ads(AggregatedConfigSource::default())),
        resource_api_version: 2,
        ..ConfigSource::default()
    }
}

fn cluster(name: &str, timeout_ms: u32) -> Cluster {
    let eds = cluster::DiscoveryType::Eds.into();
    Cluster {
        name: name.to_owned(),
        cluster_discovery_type: Some(cluster::ClusterDiscoveryType::Type(eds)),
        eds_cluster_config: Some(cluster::EdsClusterConfig {
            eds_config: Some(ads()),
            ..cluster::EdsClusterConfig::default()
        }),
        connect_timeout: Some(WireDuration {
            seconds: i64::from(timeout_ms / 1000),
            nanos: (timeout_ms % 1000) as i32 * 1_000_000,
        }),
        ..Cluster::default()
    }
}

fn address(port: u32) -> Option<Address> {
    Some(Address {
        address: Some(address::Address::SocketAddress(SocketAddress {
            address: "127.0.0.1".to_owned(),
            port_specifier: Some(socket_address::PortSpecifier::PortValue(port)),
            ..SocketAddress::default()
        })),
    })
}

fn endpoints(cluster: &str, port: u32) -> ClusterLoadAssignment {
    let endpoint = lb_endpoint::HostIdentifier::Endpoint(Endpoint { address: address(port), ..Endpoint::default() });
    ClusterLoadAssignment {
        cluster_name: cluster.to_owned(),
        endpoints: vec![LocalityLbEndpoints {
            lb_endpoints: vec![LbEndpoint { host_identifier: Some(endpoint), ..LbEndpoint::default() }],
            ..LocalityLbEndpoints::default()
        }],
        ..ClusterLoadAssignment::default()
    }
}

fn listener(name: &str, port: u32, (kind, config): (&str, Any), tls: Option<Any>) -> Listener {
    Listener {
        name: name.to_owned(),
        address: address(port),
        filter_chains: vec![FilterChain {
            filters: vec![Filter { name: kind.to_owned(), config_type: Some(filter::ConfigType::TypedConfig(config)) }],
            transport_socket: tls.map(|config| TransportSocket {
                name: "envoy.transport_sockets.tls".to_owned(),
                config_type: Some(transport_socket::ConfigType::TypedConfig(config)),
            }),
            ..FilterChain::default()
        }],
        ..Listener::default()
    }
}

fn http() -> (&'static str, Any) {
    let config = HttpConnectionManager {
        stat_prefix: "plain".to_owned(),
        route_specifier: Some(RouteSpecifier::Rds(Rds {
            config_source: Some(ads()),
            route_config_name: "routes".to_owned(),
        })),
        http_filters: vec![HttpFilter {
            name: "router".to_owned(),
            config_type: Some(http_filter::ConfigType::TypedConfig(any(&Router::default()))),
            ..HttpFilter::default()
        }],
        ..HttpConnectionManager::default()
    };
    ("envoy.filters.network.http_connection_manager", any(&config))
}

fn tcp() -> (&'static str, Any) {
    let config = TcpProxy {
        stat_prefix: "tls".to_owned(),
        cluster_specifier: Some(tcp_proxy::ClusterSpecifier::Cluster("api".to_owned())),
        ..TcpProxy::default()
    };
    ("envoy.filters.network.tcp_proxy", any(&config))
}

fn tls() -> Any {
    any(&DownstreamTlsContext {
        common_tls_context: Some(CommonTlsContext {
            tls_certificate_sds_secret_configs: vec![SdsSecretConfig {
                name: "leaf".to_owned(),
                sds_config: Some(ads()),
            }],
            ..CommonTlsContext::default()
        }),
        ..DownstreamTlsContext::default()
    })
}

fn routes(header: &str) -> RouteConfiguration {
    let action = RouteAction {
        cluster_specifier: Some(route_action::ClusterSpecifier::Cluster("api".to_owned())),
        ..RouteAction::default()
    };
    RouteConfiguration {
        name: "routes".to_owned(),
        virtual_hosts: vec![VirtualHost {
            name: "all".to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![Route {
                r#match: Some(RouteMatch {
                    path_specifier: Some(route_match::PathSpecifier::Prefix("/".to_owned())),
                    ..RouteMatch::default()
                }),
                action: Some(route::Action::Route(action)),
                ..Route::default()
            }],
            ..VirtualHost::default()
        }],
        response_headers_to_add: vec![HeaderValueOption {
            header: Some(HeaderValue {
                key: "x-static".to_owned(),
                value: header.to_owned(),
                ..HeaderValue::default()
            }),
            ..HeaderValueOption::default()
        }],
        ..RouteConfiguration::default()
    }
}

fn leaf(dir: &Path) -> Secret {
    let file = |name: &str| {
        let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
        Some(DataSource { specifier: Some(data_source::Specifier::InlineString(text)), ..DataSource::default() })
    };
    Secret {
        name: "leaf".to_owned(),
        r#type: Some(secret::Type::TlsCertificate(TlsCertificate {
            certificate_chain: file("leaf.pem"),
            private_key: file("leaf.key"),
            ..TlsCertificate::default()
        })),
    }
}
