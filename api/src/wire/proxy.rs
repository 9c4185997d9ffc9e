//! `Proxy` of instances. The catalog writes upstreams with all their fields, the agent without empty ones.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use weft_model::catalog::{DestinationType, Expose, MeshGateway, Proxy, ProxyMode, TransparentProxy, Upstream};
use weft_model::{Datacenter, ServiceId, ServiceName};

use super::is_zero;

/// Who shows the proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    Agent,
    Catalog,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProxyRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_service_name: Option<&'a ServiceName>,
    #[serde(rename = "DestinationServiceID", skip_serializing_if = "Option::is_none")]
    destination_service_id: Option<&'a ServiceId>,
    #[serde(skip_serializing_if = "str::is_empty")]
    local_service_address: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    local_service_port: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    local_service_socket_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<ProxyMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transparent_proxy: Option<&'a TransparentProxy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Upstreams::is_empty")]
    upstreams: Upstreams<'a>,
    mesh_gateway: &'a MeshGateway,
    expose: &'a Expose,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_logs: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    envoy_extensions: &'a [Value],
}

impl<'a> ProxyRow<'a> {
    pub(crate) fn new(proxy: &'a Proxy, viewer: Viewer) -> Self {
        Self {
            destination_service_name: Some(&proxy.destination_service_name).filter(|name| !name.is_empty()),
            destination_service_id: Some(&proxy.destination_service_id).filter(|id| !id.is_empty()),
            local_service_address: &proxy.local_service_address,
            local_service_port: proxy.local_service_port,
            local_service_socket_path: &proxy.local_service_socket_path,
            mode: Some(proxy.mode).filter(|mode| *mode != ProxyMode::Default),
            transparent_proxy: proxy.transparent_proxy.as_ref(),
            config: Some(&proxy.config).filter(|config| !config.is_empty()),
            upstreams: Upstreams(&proxy.upstreams, viewer),
            mesh_gateway: &proxy.mesh_gateway,
            expose: &proxy.expose,
            access_logs: proxy.access_logs.as_ref(),
            envoy_extensions: &proxy.envoy_extensions,
        }
    }
}

struct Upstreams<'a>(&'a [Upstream], Viewer);

impl Upstreams<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Upstreams<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Viewer::Agent => serializer.collect_seq(self.0),
            Viewer::Catalog => serializer.collect_seq(self.0.iter().map(CatalogUpstream::from)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CatalogUpstream<'a> {
    destination_type: DestinationType,
    #[serde(skip_serializing_if = "str::is_empty")]
    destination_namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    destination_partition: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    destination_peer: &'a str,
    destination_name: &'a ServiceName,
    datacenter: &'a Datacenter,
    #[serde(skip_serializing_if = "str::is_empty")]
    local_bind_address: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    local_bind_port: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    local_bind_socket_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    local_bind_socket_mode: &'a str,
    config: Option<&'a Map<String, Value>>,
    mesh_gateway: &'a MeshGateway,
}

impl<'a> From<&'a Upstream> for CatalogUpstream<'a> {
    fn from(upstream: &'a Upstream) -> Self {
        Self {
            destination_type: upstream.destination_type,
            destination_namespace: &upstream.destination_namespace,
            destination_partition: &upstream.destination_partition,
            destination_peer: &upstream.destination_peer,
            destination_name: &upstream.destination_name,
            datacenter: &upstream.datacenter,
            local_bind_address: &upstream.local_bind_address,
            local_bind_port: upstream.local_bind_port,
            local_bind_socket_path: &upstream.local_bind_socket_path,
            local_bind_socket_mode: &upstream.local_bind_socket_mode,
            config: Some(&upstream.config).filter(|config| !config.is_empty()),
            mesh_gateway: &upstream.mesh_gateway,
        }
    }
}

/// `Proxy` of an instance that has none, as the catalog shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NoProxy {
    mesh_gateway: MeshGateway,
    expose: Expose,
}

/// `Proxy` as the catalog shows it: always there.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CatalogProxy<'a> {
    Set(Box<ProxyRow<'a>>),
    Unset(NoProxy),
}

impl<'a> From<Option<&'a Proxy>> for CatalogProxy<'a> {
    fn from(proxy: Option<&'a Proxy>) -> Self {
        match proxy {
            Some(proxy) => Self::Set(Box::new(ProxyRow::new(proxy, Viewer::Catalog))),
            None => Self::Unset(NoProxy { mesh_gateway: MeshGateway::default(), expose: Expose::default() }),
        }
    }
}
