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

/// `/v1/internal/ui/service-topology`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Topology {
    pub(crate) protocol: String,
    pub(crate) transparent_proxy: bool,
    pub(crate) upstreams: Vec<Neighbour>,
    pub(crate) downstreams: Vec<Neighbour>,
    #[serde(rename = "FilteredByACLs")]
    pub(crate) filtered_by_acls: bool,
}

/// A service that another one calls, or is called by.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Neighbour {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) source: Source,
    pub(crate) intention: Decision,
}

/// What tells that there are calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Source {
    #[serde(rename = "proxy-registration")]
    Registration,
    #[serde(rename = "specific-intention")]
    SpecificIntention,
    #[serde(rename = "wildcard-intention")]
    WildcardIntention,
    #[serde(rename = "default-allow")]
    DefaultAllow,
    /// The name has no instances and leads to others.
    #[serde(rename = "routing-config")]
    Routing,
}

/// Whether calls are allowed, and by what.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
// As Consul answers it.
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Decision {
    pub(crate) default_allow: bool,
    pub(crate) allowed: bool,
    pub(crate) has_permissions: bool,
    pub(crate) external_source: String,
    /// Both names of the intention are of one service each.
    pub(crate) has_exact: bool,
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
