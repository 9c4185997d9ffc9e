//! Who may do what within a transaction: each operation is asked for as its own endpoint would.

use weft_model::acl::{Labelled, Need, Wanted};
use weft_model::txn::{CatalogVerb, TxnOutcome};
use weft_model::{KvOp, KvVerb, NodeName, TxnError, TxnOp, TxnResult};
use weft_state::{State, StateView};

use crate::access;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::v1::catalog::holder;
use crate::v1::catalog::vet::{check_need, former_check_need, renamed_need, service_need};

/// The operations that the caller may not do. Of what is only read, the results are looked at instead.
pub(super) fn denied(call: &Call, state: &State, ops: &[TxnOp]) -> Result<Vec<TxnError>, Refusal> {
    let gate = call.gate(state)?;
    let view = StateView::new(state);
    let mut denied = Vec::new();
    for (op, found) in ops.iter().enumerate() {
        if let Some(need) = needs(call, &view, found).into_iter().find(|need| !gate.allows(need)) {
            let bearer = call.bearer(state)?;
            denied.push(TxnError { op, what: call.denied(&bearer, &need).text });
        }
    }
    Ok(denied)
}

/// The operations that would take a live node's name.
pub(super) fn reserved(state: &State, ops: &[TxnOp]) -> Vec<TxnError> {
    let view = StateView::new(state);
    let taken = |found: &TxnOp| match found {
        TxnOp::Node { verb: CatalogVerb::Set | CatalogVerb::Cas { .. }, node } => holder::reserved(&view, node),
        TxnOp::Node { .. } | TxnOp::Kv(_) | TxnOp::Service { .. } | TxnOp::Check { .. } | TxnOp::Invalid(_) => None,
    };
    ops.iter().enumerate().filter_map(|(op, found)| Some(TxnError { op, what: taken(found)? })).collect()
}

fn needs(call: &Call, view: &StateView<'_>, op: &TxnOp) -> Vec<Need> {
    match op {
        TxnOp::Kv(op) => kv_need(call, op).into_iter().collect(),
        TxnOp::Node { verb: CatalogVerb::Get, .. }
        | TxnOp::Service { verb: CatalogVerb::Get, .. }
        | TxnOp::Check { verb: CatalogVerb::Get, .. }
        | TxnOp::Invalid(_) => Vec::new(),
        TxnOp::Node { node, .. } => {
            let own = access::node(node.name.as_str(), Wanted::Write);
            [Some(own), renamed_need(view, node)].into_iter().flatten().collect()
        }
        TxnOp::Service { verb, node, service } => {
            let former = service_need(view, node, &service.id);
            let own = access::service(service.name.as_str(), Wanted::Write);
            match verb {
                CatalogVerb::Set | CatalogVerb::Cas { .. } => [Some(own), former].into_iter().flatten().collect(),
                CatalogVerb::Get | CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => {
                    vec![former.unwrap_or(own)]
                }
            }
        }
        TxnOp::Check { verb, check } => {
            let former = former_check_need(view, &check.node, &check.id);
            let own = || check_need(view, &check.node, &check.service_id);
            match verb {
                CatalogVerb::Set | CatalogVerb::Cas { .. } => [Some(own()), former].into_iter().flatten().collect(),
                CatalogVerb::Get | CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => {
                    vec![former.unwrap_or_else(own)]
                }
            }
        }
    }
}

fn kv_need(call: &Call, op: &KvOp) -> Option<Need> {
    match op.verb {
        KvVerb::GetTree if call.host.access.guards_key_lists() => Some(access::key(&op.key, Wanted::List)),
        KvVerb::Get | KvVerb::GetTree | KvVerb::GetOrEmpty => None,
        // These tell something by whether they succeed.
        KvVerb::CheckIndex { .. } | KvVerb::CheckSession { .. } | KvVerb::CheckNotExists => {
            Some(access::key(&op.key, Wanted::Read))
        }
        KvVerb::DeleteTree => Some(Need::Below(Labelled::Key, op.key.to_string(), Wanted::Write)),
        KvVerb::Set
        | KvVerb::Cas { .. }
        | KvVerb::Lock { .. }
        | KvVerb::Unlock { .. }
        | KvVerb::Delete
        | KvVerb::DeleteCas { .. } => Some(access::key(&op.key, Wanted::Write)),
    }
}

/// Leaves the results that the caller may see.
pub(super) fn filter(call: &Call, state: &State, outcome: TxnOutcome) -> Result<TxnOutcome, Refusal> {
    let gate = call.gate(state)?;
    let read = |node: &NodeName| access::node(node.as_str(), Wanted::Read);
    Ok(outcome.map(|mut results| {
        results.retain(|result| match result {
            TxnResult::Kv { key, .. } => gate.shows(&access::key(key, Wanted::Read)),
            TxnResult::Node(node) => gate.shows(&read(&node.value.name)),
            TxnResult::Service { service, .. } => {
                gate.shows(&access::service(service.value.name.as_str(), Wanted::Read))
            }
            TxnResult::Check(check) if check.value.service_id.is_empty() => gate.shows(&read(&check.value.node)),
            TxnResult::Check(check) => gate.shows(&access::service(check.value.service_name.as_str(), Wanted::Read)),
        });
        results
    }))
}
