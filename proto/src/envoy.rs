//! Envoy's v3 packages, one short module each. A package that is missing here is one line away.

use envoy_types::pb::envoy as v3;

pub use v3::admin::v3 as admin;
pub use v3::config::accesslog::v3 as accesslog;
pub use v3::config::bootstrap::v3 as bootstrap;
pub use v3::config::cluster::v3 as cluster;
pub use v3::config::common::mutation_rules::v3 as mutation_rules;
pub use v3::config::core::v3 as core;
pub use v3::config::endpoint::v3 as endpoint;
pub use v3::config::listener::v3 as listener;
pub use v3::config::metrics::v3 as metrics;
pub use v3::config::rbac::v3 as rbac;
pub use v3::config::route::v3 as route;
pub use v3::config::trace::v3 as trace;
pub use v3::service::discovery::v3 as discovery;
pub use v3::r#type::matcher::v3 as matcher;
pub use v3::r#type::v3 as kind;

/// Network, HTTP and listener filters.
pub mod filter {
    /// HTTP filters.
    pub mod http {
        use envoy_types::pb::envoy::extensions::filters::http as v3;

        pub use v3::cors::v3 as cors;
        pub use v3::ext_authz::v3 as ext_authz;
        pub use v3::ext_proc::v3 as ext_proc;
        pub use v3::fault::v3 as fault;
        pub use v3::grpc_http1_bridge::v3 as grpc_http1_bridge;
        pub use v3::grpc_stats::v3 as grpc_stats;
        pub use v3::header_to_metadata::v3 as header_to_metadata;
        pub use v3::health_check::v3 as health_check;
        pub use v3::jwt_authn::v3 as jwt_authn;
        pub use v3::local_ratelimit::v3 as local_ratelimit;
        pub use v3::lua::v3 as lua;
        pub use v3::rbac::v3 as rbac;
        pub use v3::router::v3 as router;
        pub use v3::wasm::v3 as wasm;
    }

    /// Network filters.
    pub mod network {
        use envoy_types::pb::envoy::extensions::filters::network as v3;

        pub use v3::connection_limit::v3 as connection_limit;
        pub use v3::ext_authz::v3 as ext_authz;
        pub use v3::http_connection_manager::v3 as http_connection_manager;
        pub use v3::local_ratelimit::v3 as local_ratelimit;
        pub use v3::rbac::v3 as rbac;
        pub use v3::sni_cluster::v3 as sni_cluster;
        pub use v3::tcp_proxy::v3 as tcp_proxy;
    }

    /// Listener filters.
    pub mod listener {
        use envoy_types::pb::envoy::extensions::filters::listener as v3;

        pub use v3::http_inspector::v3 as http_inspector;
        pub use v3::original_dst::v3 as original_dst;
        pub use v3::proxy_protocol::v3 as proxy_protocol;
        pub use v3::tls_inspector::v3 as tls_inspector;
    }
}

/// The other extensions: cluster kinds, transport sockets, loggers, upstream options.
pub mod extension {
    use envoy_types::pb::envoy::extensions as v3;

    pub use v3::access_loggers::file::v3 as file_access_log;
    pub use v3::access_loggers::open_telemetry::v3 as open_telemetry_access_log;
    pub use v3::access_loggers::stream::v3 as stream_access_log;
    pub use v3::clusters::aggregate::v3 as aggregate_cluster;
    pub use v3::http::early_header_mutation::header_mutation::v3 as early_header_mutation;
    pub use v3::transport_sockets::raw_buffer::v3 as raw_buffer;
    pub use v3::transport_sockets::tls::v3 as tls;
    pub use v3::upstreams::http::v3 as upstream_http;
}
