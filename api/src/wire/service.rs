//! Instances as the catalog and health show them, and as their own agent does.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use weft_model::catalog::{Indexed, Meta, Service, ServiceAddress, ServiceKind, Weights};
use weft_model::{ServiceId, ServiceName};

use super::node::or_null;
use super::proxy::{CatalogProxy, ProxyRow, Viewer};
use super::stable_hash;

/// `Connect`; empty unless the application speaks mutual TLS itself.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConnectRow {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) native: bool,
}

/// An instance inside health rows and node lists.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceRow<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(rename = "ID")]
    id: &'a ServiceId,
    service: &'a ServiceName,
    tags: Option<&'a [String]>,
    address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, ServiceAddress>,
    meta: Option<&'a Meta>,
    port: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    socket_path: &'a str,
    weights: Weights,
    enable_tag_override: bool,
    proxy: CatalogProxy<'a>,
    connect: ConnectRow,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a Indexed<Service>> for ServiceRow<'a> {
    fn from(service: &'a Indexed<Service>) -> Self {
        let value = &*service.value;
        Self {
            kind: value.kind.as_str(),
            id: &value.id,
            service: &value.name,
            tags: Some(&value.tags),
            address: &value.address,
            tagged_addresses: &value.tagged_addresses,
            meta: or_null(&value.meta),
            port: value.port,
            socket_path: &value.socket_path,
            weights: value.weights,
            enable_tag_override: value.enable_tag_override,
            proxy: value.proxy.as_deref().into(),
            connect: ConnectRow { native: value.native },
            create_index: service.create_index,
            modify_index: service.modify_index,
        }
    }
}

impl ServiceRow<'_> {
    /// With null instead of an empty list, as where Consul shows what it stores.
    #[must_use]
    pub(crate) fn with_nulls(self) -> Self {
        Self { tags: self.tags.filter(|tags| !tags.is_empty()), ..self }
    }
}

/// The row as a value, for filters.
pub(crate) fn service_value(service: &Indexed<Service>) -> serde_json::Result<Value> {
    serde_json::to_value(ServiceRow::from(service))
}

/// An instance as its own agent shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AgentService<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(rename = "ID")]
    id: &'a ServiceId,
    service: &'a ServiceName,
    tags: &'a [String],
    meta: &'a Meta,
    port: u16,
    address: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    socket_path: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, ServiceAddress>,
    weights: Weights,
    enable_tag_override: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<Box<ProxyRow<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<ConnectRow>,
}

impl<'a> From<&'a Service> for AgentService<'a> {
    fn from(service: &'a Service) -> Self {
        let is_proxy = service.kind != ServiceKind::Typical;
        let proxy = service.proxy.as_ref().filter(|_| is_proxy);
        Self {
            kind: service.kind.as_str(),
            id: &service.id,
            service: &service.name,
            tags: &service.tags,
            meta: &service.meta,
            port: service.port,
            address: &service.address,
            socket_path: &service.socket_path,
            tagged_addresses: &service.tagged_addresses,
            weights: service.weights,
            enable_tag_override: service.enable_tag_override,
            content_hash: None,
            proxy: proxy.map(|proxy| Box::new(ProxyRow::new(proxy, Viewer::Agent))),
            connect: service.native.then_some(ConnectRow { native: true }),
        }
    }
}

/// The row as a value, for filters.
pub(crate) fn agent_service_value(service: &Service) -> serde_json::Result<Value> {
    serde_json::to_value(AgentService::from(service))
}

/// The instances of an agent by their id.
pub(crate) struct AgentServices(pub(crate) Vec<Indexed<Service>>);

impl Serialize for AgentServices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|service| (&service.value.id, AgentService::from(&*service.value))))
    }
}

/// An instance with the hash of what is shown of it, for `GET /v1/agent/service/:id`.
#[derive(Clone)]
pub(crate) struct HashedService {
    service: std::sync::Arc<Service>,
    pub(crate) hash: String,
}

impl HashedService {
    pub(crate) fn new(service: std::sync::Arc<Service>) -> Self {
        // Plain data is always written; an unwritable one would merely have the hash of nothing.
        let shown = serde_json::to_vec(&AgentService::from(&*service)).unwrap_or_default();
        Self { service, hash: format!("{:016x}", stable_hash(&shown)) }
    }
}

impl Serialize for HashedService {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = AgentService { content_hash: Some(self.hash.clone()), ..AgentService::from(&*self.service) };
        shown.serialize(serializer)
    }
}
