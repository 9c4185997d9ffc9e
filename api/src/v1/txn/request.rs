//! The body of a transaction: a list of operations, each of one of four kinds.

use serde::Deserialize;
use serde_json::Value;
use weft_model::TxnOp;

use super::{catalog, kv};
use crate::body;
use crate::call::Call;
use crate::refusal::Refusal;

pub(super) const PARSE_FAILED: &str = "Failed to parse body";

/// One operation. Exactly one of its kinds counts; Consul passes over empty ones.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OpRequest {
    #[serde(rename = "KV")]
    kv: Option<kv::KvRequest>,
    #[serde(rename = "Node")]
    node: Option<catalog::NodeRequest>,
    #[serde(rename = "Service")]
    service: Option<catalog::ServiceRequest>,
    #[serde(rename = "Check")]
    check: Option<catalog::CheckRequest>,
}

/// An operation, and what is known of it without asking the state.
pub(super) struct Op {
    pub(super) op: TxnOp,
    /// Whether it would have gone through the log, had it been an operation.
    pub(super) writes: bool,
    /// Why it cannot be.
    pub(super) unfit: Option<String>,
}

impl Op {
    pub(super) fn good(op: TxnOp) -> Self {
        Self { op, writes: false, unfit: None }
    }

    /// It fails in its place among the others.
    pub(super) fn fails(what: impl Into<String>, writes: bool) -> Self {
        Self { op: TxnOp::Invalid(what.into()), writes, unfit: None }
    }

    /// It fails before any other is tried.
    pub(super) fn unfit(what: impl Into<String>, writes: bool) -> Self {
        let what = what.into();
        Self { op: TxnOp::Invalid(what.clone()), writes, unfit: Some(what) }
    }
}

/// Reads the body.
pub(super) fn ops(call: &Call) -> Result<Vec<Op>, Refusal> {
    let refused = |text: &str| Refusal::bad_request(format!("{PARSE_FAILED}: {text}"));
    let items = match call.json(PARSE_FAILED)? {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(refused("the transaction is not a list of operations"));
        }
    };
    let mut ops = Vec::with_capacity(items.len());
    for item in items {
        let request: OpRequest = body::decode_value(item, PARSE_FAILED)?;
        let kinds = [request.kv.is_some(), request.node.is_some(), request.service.is_some(), request.check.is_some()];
        if kinds.iter().filter(|given| **given).count() > 1 {
            return Err(refused("an operation is of one kind: KV, Node, Service or Check"));
        }
        ops.extend(request.kv.map(|kv| kv.into_op(call.host.agent.terms.value_max_bytes)).transpose()?);
        ops.extend(request.node.map(|node| node.into_op(call)).transpose()?);
        ops.extend(request.service.map(catalog::ServiceRequest::into_op).transpose()?);
        ops.extend(request.check.map(catalog::CheckRequest::into_op).transpose()?);
    }
    Ok(ops)
}
