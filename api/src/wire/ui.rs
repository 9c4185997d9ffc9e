//! What a user interface is shown: nodes with all that runs on them, and services in short.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use weft_model::NodeName;
use weft_model::catalog::{Indexed, Meta, Node, Service};
use weft_model::health::Check;

use super::check::CheckRow;
use super::node::or_null;
use super::service::ServiceRow;

/// A node, its instances and its checks, with null instead of empty lists of tags.
pub(crate) struct NodeDump {
    pub(crate) node: Indexed<Node>,
    pub(crate) services: Vec<Indexed<Service>>,
    pub(crate) checks: Vec<Indexed<Check>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DumpRow<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    node: &'a NodeName,
    address: &'a str,
    tagged_addresses: Option<&'a BTreeMap<String, String>>,
    meta: Option<&'a Meta>,
    services: Vec<ServiceRow<'a>>,
    checks: Vec<CheckRow<'a>>,
}

impl Serialize for NodeDump {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let services = self.services.iter().map(|service| ServiceRow::from(service).with_nulls()).collect();
        let checks = self.checks.iter().map(|check| CheckRow::from(check).with_nulls()).collect();
        let node = &*self.node.value;
        let row = DumpRow {
            id: &node.id,
            node: &node.name,
            address: &node.address,
            tagged_addresses: or_null(&node.tagged_addresses),
            meta: or_null(&node.meta),
            services,
            checks,
        };
        row.serialize(serializer)
    }
}

/// The row as a value, for filters.
pub(crate) fn dump_value(dump: &NodeDump) -> serde_json::Result<Value> {
    serde_json::to_value(dump)
}

/// A service in short.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Summary {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) datacenter: String,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) nodes: Option<Vec<String>>,
    pub(crate) external_sources: Option<Vec<String>>,
    pub(crate) instance_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_for: Option<Vec<String>>,
    pub(crate) checks_passing: usize,
    pub(crate) checks_warning: usize,
    pub(crate) checks_critical: usize,
    pub(crate) gateway_config: GatewayConfig,
    pub(crate) transparent_proxy: bool,
    pub(crate) connect_native: bool,
    /// Of lists alone: whether it has a sidecar, and whether a gateway stands before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connected_with_proxy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connected_with_gateway: Option<bool>,
}

/// What a gateway is to a service, or services to a gateway.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GatewayConfig {
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) associated_service_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) addresses: Vec<String>,
}

// serde hands the field over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// How many of a kind of thing do how well.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tally {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    pub(crate) total: usize,
    pub(crate) passing: usize,
    pub(crate) warning: usize,
    pub(crate) critical: usize,
}

/// `/v1/internal/ui/catalog-overview`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Overview {
    pub(crate) nodes: Vec<Tally>,
    pub(crate) services: Vec<Tally>,
    pub(crate) checks: Vec<Tally>,
}
