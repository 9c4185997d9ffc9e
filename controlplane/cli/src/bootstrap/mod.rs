//! What Envoy is started with: who it is, where its control plane is, and how it is measured. All else
//! comes over ADS.
//!
//! ```text
//! Proxy (from the agent) + Place (flags) -> Options (its envoy_* keys) -> build -> JSON
//! ```

mod endpoint;
mod options;
mod static_listener;
mod stats;
mod transport;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use weft_model::secret::Secret;

use crate::client::Address;
use crate::env::Env;
use options::Options;

/// The proxy that Envoy becomes.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// The ID of the proxy's service, which is how the control plane knows it.
    pub(crate) id: String,
    /// The service it stands in front of.
    pub(crate) service: String,
    /// The node that it is registered on.
    pub(crate) node: String,
    pub(crate) datacenter: String,
    /// `Proxy.Config` of the registration, over `Config` of the proxy-defaults.
    pub(crate) config: Map<String, Value>,
}

/// What the command line says about this Envoy.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) admin: SocketAddr,
    pub(crate) admin_access_log: String,
    /// Where the control plane's gRPC is: servers that can stand in for each other.
    pub(crate) control_plane: Vec<Address>,
    pub(crate) trust: Trust,
    pub(crate) token: Secret,
}

/// Whom Envoy believes to be the control plane, where it speaks TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Certificates, PEM.
    pub(crate) authorities: String,
    /// What Envoy shows: a certificate and its key.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
    /// The name that the control plane must have, where it is not the host of its address.
    pub(crate) server_name: Option<String>,
}

const AGENT_CLUSTER: &str = "local_agent";

/// The bootstrap.
///
/// # Errors
/// A key of the proxy's config cannot be used; the text names it.
pub(crate) fn build(proxy: &Proxy, place: &Place, env: &Env) -> Result<Value, String> {
    let options = Options::read(&proxy.config, env)?;
    let mut bootstrap = json!({
        "admin": {
            "access_log": [{
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": place.admin_access_log,
                },
            }],
            "address": endpoint::socket(place.admin),
        },
        "node": node(proxy),
        "static_resources": static_resources(place, &options),
        "stats_config": options.stats_config.clone().unwrap_or_else(|| stats::config(proxy, &options.stats_tags)),
        "dynamic_resources": dynamic_resources(place.token.reveal()),
        "layered_runtime": {
            "layers": [{
                "name": "base",
                // Intentions compile to regular expressions that Envoy's default would refuse.
                "static_layer": { "re2.max_program_size.error_level": 1_048_576 },
            }],
        },
    });
    if !options.stats_sinks.is_empty() {
        bootstrap["stats_sinks"] = json!(options.stats_sinks);
    }
    if let Some(interval) = options.stats_flush_interval {
        bootstrap["stats_flush_interval"] = json!(interval);
    }
    if let Some(tracing) = options.tracing {
        bootstrap["tracing"] = tracing;
    }
    Ok(bootstrap)
}

fn node(proxy: &Proxy) -> Value {
    json!({
        "id": proxy.id,
        "cluster": proxy.service,
        "metadata": { "namespace": "default", "partition": "default", "node_name": proxy.node },
    })
}

fn static_resources(place: &Place, options: &Options) -> Value {
    let mut control_plane = endpoint::http2_cluster(AGENT_CLUSTER, &place.control_plane);
    if place.control_plane.iter().any(Address::is_secure) {
        control_plane["transport_socket"] = transport::socket(&place.control_plane, &place.trust);
    }
    let mut clusters = vec![control_plane];
    let mut listeners: Vec<_> = options.published.iter().map(static_listener::listener).collect();
    if !listeners.is_empty() {
        clusters.push(static_listener::admin_cluster(place.admin));
    }
    clusters.extend(options.clusters.iter().cloned());
    listeners.extend(options.listeners.iter().cloned());
    if listeners.is_empty() {
        return json!({ "clusters": clusters });
    }
    json!({ "clusters": clusters, "listeners": listeners })
}

fn dynamic_resources(token: &str) -> Value {
    // Envoy waits for its first listeners and clusters, however long: without them it serves nothing.
    let over_ads = json!({ "ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s" });
    json!({
        "lds_config": over_ads,
        "cds_config": over_ads,
        "ads_config": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{
                "initial_metadata": [{ "key": "x-consul-token", "value": token }],
                "envoy_grpc": { "cluster_name": AGENT_CLUSTER },
            }],
        },
    })
}

#[cfg(test)]
mod tests;
