//! Operations on nodes, instances and checks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use weft_model::catalog::{Meta, Node};
use weft_model::txn::CatalogVerb;
use weft_model::{NodeName, TxnOp};

use super::request::Op;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::v1::catalog::{HealthCheck, ServiceBody, check_node_id};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeRequest {
    verb: String,
    node: NodeBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NodeBody {
    #[serde(rename = "ID")]
    id: String,
    node: NodeName,
    address: String,
    tagged_addresses: BTreeMap<String, String>,
    meta: Meta,
    modify_index: u64,
    #[serde(rename = "Datacenter")]
    _datacenter: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
    #[serde(rename = "PeerName")]
    _peer_name: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ServiceRequest {
    verb: String,
    node: NodeName,
    service: ServiceBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CheckRequest {
    verb: String,
    check: HealthCheck,
}

impl NodeRequest {
    pub(super) fn into_op(self, call: &Call) -> Result<Op, Refusal> {
        let Some(verb) = verb(&self.verb, self.node.modify_index) else {
            return Ok(Op::fails(format!("unknown Node verb {:?}", self.verb), true));
        };
        if let Err(refusal) = check_node_id(&self.node.id) {
            return Ok(Op::unfit(refusal.text, verb.is_write()));
        }
        if verb.is_write() && self.node.node.as_str().is_empty() {
            return Ok(Op::unfit("Must provide node", true));
        }
        let node = Node {
            id: self.node.id,
            name: self.node.node,
            address: self.node.address,
            datacenter: call.host.agent.node.datacenter.clone(),
            tagged_addresses: self.node.tagged_addresses,
            meta: self.node.meta,
        };
        Ok(Op::good(TxnOp::Node { verb, node: Box::new(node) }))
    }
}

impl ServiceRequest {
    /// Reads need the id alone.
    pub(super) fn into_op(self) -> Result<Op, Refusal> {
        if self.verb != "get" && self.service.service.is_empty() && !self.service.id.is_empty() {
            return Ok(Op::unfit("Must provide service name with ID", true));
        }
        let Some(verb) = verb(&self.verb, self.service.modify_index) else {
            return Ok(Op::fails(format!("unknown Service verb {:?}", self.verb), true));
        };
        let service = match verb {
            CatalogVerb::Set | CatalogVerb::Cas { .. } => match self.service.into_service() {
                Ok(registration) => registration.service,
                Err(refusal) => return Ok(Op::unfit(refusal.text, true)),
            },
            CatalogVerb::Get | CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => self.service.named(),
        };
        Ok(Op::good(TxnOp::Service { verb, node: self.node, service: Box::new(service) }))
    }
}

impl CheckRequest {
    pub(super) fn into_op(self) -> Result<Op, Refusal> {
        let Some(verb) = verb(&self.verb, self.check.modify_index) else {
            return Ok(Op::fails(format!("unknown Check verb {:?}", self.verb), true));
        };
        let node = NodeName::from(&self.check.node);
        Ok(match self.check.into_check(&node) {
            Ok(check) => Op::good(TxnOp::Check { verb, check: Box::new(check) }),
            Err(refusal) => Op::unfit(refusal.text, verb.is_write()),
        })
    }
}

fn verb(name: &str, index: u64) -> Option<CatalogVerb> {
    Some(match name {
        "get" => CatalogVerb::Get,
        "set" => CatalogVerb::Set,
        "cas" => CatalogVerb::Cas { index },
        "delete" => CatalogVerb::Delete,
        "delete-cas" => CatalogVerb::DeleteCas { index },
        _ => return None,
    })
}
