//! Nodes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use weft_model::catalog::{Indexed, Meta, Node};
use weft_model::{Datacenter, NodeName};

use super::rows;

/// A node in lists and inside health rows.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NodeRow<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    node: &'a NodeName,
    address: &'a str,
    datacenter: &'a Datacenter,
    tagged_addresses: Option<&'a BTreeMap<String, String>>,
    meta: Option<&'a Meta>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a Indexed<Node>> for NodeRow<'a> {
    fn from(node: &'a Indexed<Node>) -> Self {
        Self {
            id: &node.value.id,
            node: &node.value.name,
            address: &node.value.address,
            datacenter: &node.value.datacenter,
            tagged_addresses: or_null(&node.value.tagged_addresses),
            meta: or_null(&node.value.meta),
            create_index: node.create_index,
            modify_index: node.modify_index,
        }
    }
}

rows!(NodeRows of Indexed<Node> as NodeRow);

/// Empty maps are null where Consul's structs hold none.
pub(crate) fn or_null<K, V>(map: &BTreeMap<K, V>) -> Option<&BTreeMap<K, V>> {
    Some(map).filter(|map| !map.is_empty())
}

/// The row as a value, for filters.
pub(crate) fn node_value(node: &Indexed<Node>) -> serde_json::Result<Value> {
    serde_json::to_value(NodeRow::from(node))
}
