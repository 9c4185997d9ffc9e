//! The registry's values: nodes and service instances.
//!
//! The serde names are Consul's JSON names, because these types are also read from request bodies
//! and files; the shapes of answers live in the API crate.

mod proxy;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::names::{Datacenter, NodeName, ServiceId, ServiceName};

pub use proxy::{DestinationType, Expose, ExposePath, MeshGateway, Proxy, ProxyMode, TransparentProxy, Upstream};

/// String pairs, ordered so that equal maps have equal bytes.
pub type Meta = BTreeMap<String, String>;

/// A value in the state with the log indexes of its creation and last change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed<T> {
    /// The value, shared with every reader.
    pub value: Arc<T>,
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
    #[serde(skip_serializing_if = "is_default")]
    pub kind: ServiceKind,
    #[serde(rename = "ID")]
    pub id: ServiceId,
    #[serde(rename = "Service")]
    pub name: ServiceName,
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub meta: Meta,
    #[serde(skip_serializing_if = "is_default")]
    pub port: u16,
    /// Empty: the node's address.
    #[serde(skip_serializing_if = "is_default")]
    pub address: String,
    #[serde(skip_serializing_if = "is_default")]
    pub socket_path: String,
    #[serde(skip_serializing_if = "is_default")]
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    #[serde(skip_serializing_if = "is_default")]
    pub weights: Weights,
    #[serde(skip_serializing_if = "is_default")]
    pub enable_tag_override: bool,
    /// Set on proxies and gateways. Most instances have none, so it takes no room in them.
    #[serde(skip_serializing_if = "is_default")]
    pub proxy: Option<Box<Proxy>>,
    /// `Connect.Native`: the application speaks mutual TLS itself.
    #[serde(skip_serializing_if = "is_default")]
    pub native: bool,
    /// The instance whose registration brought this sidecar along; it leaves with it.
    #[serde(skip_serializing_if = "is_default")]
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

/// What is as by default needs not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
