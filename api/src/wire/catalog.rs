//! The flat rows of `/v1/catalog/service`, and nodes with what runs on them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use weft_model::catalog::{Indexed, Meta, Node, Service, ServiceAddress, Weights};
use weft_model::{Datacenter, NodeName, ServiceId, ServiceName};
use weft_state::Instance;

use super::node::{NodeRow, or_null};
use super::proxy::CatalogProxy;
use super::rows;
use super::service::{ConnectRow, ServiceRow};

/// An instance with its node's fields beside its own.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CatalogRow<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    node: &'a NodeName,
    address: &'a str,
    datacenter: &'a Datacenter,
    tagged_addresses: Option<&'a BTreeMap<String, String>>,
    node_meta: Option<&'a Meta>,
    service_kind: &'static str,
    #[serde(rename = "ServiceID")]
    service_id: &'a ServiceId,
    service_name: &'a ServiceName,
    service_tags: &'a [String],
    service_address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_tagged_addresses: &'a BTreeMap<String, ServiceAddress>,
    service_weights: Weights,
    service_meta: &'a Meta,
    service_port: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    service_socket_path: &'a str,
    service_enable_tag_override: bool,
    service_proxy: CatalogProxy<'a>,
    service_connect: ConnectRow,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a Instance> for CatalogRow<'a> {
    fn from(instance: &'a Instance) -> Self {
        let (node, service) = (&*instance.node.value, &*instance.service.value);
        Self {
            id: &node.id,
            node: &node.name,
            address: &node.address,
            datacenter: &node.datacenter,
            tagged_addresses: or_null(&node.tagged_addresses),
            node_meta: or_null(&node.meta),
            service_kind: service.kind.as_str(),
            service_id: &service.id,
            service_name: &service.name,
            service_tags: &service.tags,
            service_address: &service.address,
            service_tagged_addresses: &service.tagged_addresses,
            service_weights: service.weights,
            service_meta: &service.meta,
            service_port: service.port,
            service_socket_path: &service.socket_path,
            service_enable_tag_override: service.enable_tag_override,
            service_proxy: service.proxy.as_deref().into(),
            service_connect: ConnectRow { native: service.native },
            create_index: instance.service.create_index,
            modify_index: instance.service.modify_index,
        }
    }
}

rows!(CatalogRows of Instance as CatalogRow);

/// The row as a value, for filters.
pub(crate) fn catalog_value(instance: &Instance) -> serde_json::Result<Value> {
    serde_json::to_value(CatalogRow::from(instance))
}

/// A node and its instances: by id, or as a list.
pub(crate) struct NodeServices {
    pub(crate) node: Indexed<Node>,
    pub(crate) services: Vec<Indexed<Service>>,
    pub(crate) form: Form,
}

/// How the instances of a node are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    ById,
    List,
}

impl Serialize for NodeServices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = NodeRow::from(&self.node);
        let rows = self.services.iter().map(ServiceRow::from);
        match self.form {
            Form::ById => {
                let services = self.services.iter().map(|service| &service.value.id).zip(rows).collect();
                Whole::<BTreeMap<_, _>> { node, services }.serialize(serializer)
            }
            Form::List => Whole::<Vec<_>> { node, services: rows.collect() }.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Whole<'a, T> {
    node: NodeRow<'a>,
    services: T,
}

/// `/catalog/node-services` of a node that does not exist.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NoNodeServices {
    pub(crate) node: (),
    pub(crate) services: (),
}
