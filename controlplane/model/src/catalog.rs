//! The registry's values: nodes, service instances, and what a sidecar proxy is told about itself.
//!
//! The serde names are Consul's JSON names, because these types are also read from request bodies
//! and files; the shapes of answers live in the API crate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::{Datacenter, NodeName, ServiceId, ServiceName};

/// String pairs, ordered so that equal maps have equal bytes.
pub type Meta = BTreeMap<String, String>;

/// A value in the state with the log indexes of its creation and last change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed<T> {
    /// The value, shared with every reader.
    pub value: std::sync::Arc<T>,
    /// Log index of the write that created it.
    pub create_index: u64,
    /// Log index of the last write that changed it.
    pub modify_index: u64,
}

/// A machine in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Node {
    /// A UUID, or empty for nodes registered without one.
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "Node")]
    pub name: NodeName,
    pub address: String,
    pub datacenter: Datacenter,
    pub tagged_addresses: BTreeMap<String, String>,
    pub meta: Meta,
}

/// What an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServiceKind {
    /// An ordinary service.
    #[default]
    #[serde(rename = "")]
    Typical,
    #[serde(rename = "connect-proxy")]
    ConnectProxy,
    #[serde(rename = "mesh-gateway")]
    MeshGateway,
    #[serde(rename = "terminating-gateway")]
    TerminatingGateway,
    #[serde(rename = "ingress-gateway")]
    IngressGateway,
    #[serde(rename = "api-gateway")]
    ApiGateway,
}

impl ServiceKind {
    /// Consul's name of the kind; empty for an ordinary service.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Typical => "",
            Self::ConnectProxy => "connect-proxy",
            Self::MeshGateway => "mesh-gateway",
            Self::TerminatingGateway => "terminating-gateway",
            Self::IngressGateway => "ingress-gateway",
            Self::ApiGateway => "api-gateway",
        }
    }
}

/// An address of a service under a tag such as `lan` or `wan`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceAddress {
    pub address: String,
    pub port: u16,
}

/// The load balancing weight of an instance by its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Weights {
    pub passing: i64,
    pub warning: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { passing: 1, warning: 1 }
    }
}

/// One instance of a service on a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Service {
    pub kind: ServiceKind,
    #[serde(rename = "ID")]
    pub id: ServiceId,
    #[serde(rename = "Service")]
    pub name: ServiceName,
    pub tags: Vec<String>,
    pub meta: Meta,
    pub port: u16,
    /// Empty: the node's address.
    pub address: String,
    pub socket_path: String,
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    pub weights: Weights,
    pub enable_tag_override: bool,
    /// Set on proxies and gateways.
    pub proxy: Option<Proxy>,
    /// `Connect.Native`: the application speaks mutual TLS itself.
    pub native: bool,
    /// The instance whose registration brought this sidecar along; it leaves with it.
    pub sidecar_of: Option<ServiceId>,
}

impl Service {
    /// The service that this instance serves in the mesh: the proxied one, or itself when native.
    #[must_use]
    pub fn mesh_destination(&self) -> Option<&ServiceName> {
        match (self.kind, &self.proxy) {
            (ServiceKind::ConnectProxy, Some(proxy)) => Some(&proxy.destination_service_name),
            _ => self.native.then_some(&self.name),
        }
    }
}

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

// serde hands the field over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(port: &u16) -> bool {
    *port == 0
}
