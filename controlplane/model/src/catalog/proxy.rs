//! What a sidecar proxy is told about itself: what it stands for, and whom it calls.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::{Datacenter, ServiceId, ServiceName};

/// How a proxy intercepts: only on its listeners, or every connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyMode {
    #[default]
    #[serde(rename = "")]
    Default,
    Direct,
    Transparent,
}

/// `Proxy` of a registration: what a sidecar stands for and whom it calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Proxy {
    pub destination_service_name: ServiceName,
    #[serde(rename = "DestinationServiceID")]
    pub destination_service_id: ServiceId,
    pub local_service_address: String,
    pub local_service_port: u16,
    pub local_service_socket_path: String,
    pub mode: ProxyMode,
    pub transparent_proxy: Option<TransparentProxy>,
    /// Opaque to the catalog; the keys that the mesh knows are read when it compiles.
    pub config: Map<String, Value>,
    pub upstreams: Vec<Upstream>,
    pub mesh_gateway: MeshGateway,
    pub expose: Expose,
    pub access_logs: Option<Value>,
    pub envoy_extensions: Vec<Value>,
}

impl Proxy {
    /// Whether the proxy intercepts every connection.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        self.mode == ProxyMode::Transparent
    }
}

/// `TransparentProxy` of a proxy or of defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TransparentProxy {
    pub outbound_listener_port: u16,
    pub dialed_directly: bool,
}

/// `MeshGateway`: through which gateway traffic to other datacenters goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MeshGateway {
    /// `""`, `none`, `local` or `remote`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mode: String,
}

/// `Expose`: paths that pass the proxy without mutual TLS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Expose {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub checks: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<ExposePath>,
}

/// One exposed path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExposePath {
    pub listener_port: u16,
    pub path: String,
    pub local_path_port: u16,
    pub protocol: String,
    pub parsed_from_check: bool,
}

/// What an upstream's name refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationType {
    #[default]
    #[serde(alias = "")]
    Service,
    PreparedQuery,
}

/// A service that the application calls through a local port of its proxy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Upstream {
    pub destination_type: DestinationType,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub destination_namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub destination_partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub destination_peer: String,
    pub destination_name: ServiceName,
    /// Empty: the proxy's own datacenter.
    #[serde(skip_serializing_if = "Datacenter::is_empty")]
    pub datacenter: Datacenter,
    /// Empty: 127.0.0.1.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub local_bind_address: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub local_bind_port: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub local_bind_socket_path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub local_bind_socket_mode: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    pub mesh_gateway: MeshGateway,
}

impl Upstream {
    /// The address that the proxy listens on for the application.
    #[must_use]
    pub fn bind_address(&self) -> &str {
        if self.local_bind_address.is_empty() { "127.0.0.1" } else { &self.local_bind_address }
    }
}

// serde hands the field over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(port: &u16) -> bool {
    *port == 0
}
