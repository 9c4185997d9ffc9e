//! The reading operations of transactions, and Consul's words for those that fail. Shared by those
//! that go through the log and those that only read.

use std::sync::Arc;

use weft_model::catalog::{Indexed, Node};
use weft_model::kv::KvVerb;
use weft_model::txn::{CatalogVerb, TxnOutcome};
use weft_model::{Key, KvEntry, KvOp, TxnError, TxnOp, TxnResult};

use crate::state::State;
use crate::view::StateView;

/// What one operation gave.
pub(crate) type OpOutcome = Result<Vec<TxnResult>, String>;

impl StateView<'_> {
    /// Performs a transaction that only reads. Operations that write fail.
    ///
    /// # Errors
    /// All operations that failed.
    pub fn read_txn(&self, ops: &[TxnOp]) -> TxnOutcome {
        gather(ops.iter().map(|op| self.state.read_op(op)))
    }
}

/// All results, or all errors.
pub(crate) fn gather(outcomes: impl Iterator<Item = OpOutcome>) -> TxnOutcome {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for (op, outcome) in outcomes.enumerate() {
        match outcome {
            Ok(found) => results.extend(found),
            Err(what) => errors.push(TxnError { op, what }),
        }
    }
    if errors.is_empty() { Ok(results) } else { Err(errors) }
}

impl State {
    fn read_op(&self, op: &TxnOp) -> OpOutcome {
        let no_read = || Err("a transaction that only reads cannot write".to_owned());
        match op {
            TxnOp::Kv(op) if !op.verb.is_write() => self.read_kv(op),
            TxnOp::Node { verb: CatalogVerb::Get, node } => self.read_node(node),
            TxnOp::Service { verb: CatalogVerb::Get, node, service } => {
                let found = self.services.get(&(node.clone(), service.id.clone())).cloned();
                let result = found.map(|service| vec![TxnResult::Service { node: node.clone(), service }]);
                result.ok_or_else(|| format!("service {:?} on node {:?} doesn't exist", service.id, node))
            }
            TxnOp::Check { verb: CatalogVerb::Get, check } => {
                let found = self.checks.get(&(check.node.clone(), check.id.clone())).cloned();
                let result = found.map(|check| vec![TxnResult::Check(check)]);
                result.ok_or_else(|| format!("check {:?} on node {:?} doesn't exist", check.id, check.node))
            }
            TxnOp::Invalid(what) => Err(what.clone()),
            TxnOp::Kv(_) | TxnOp::Node { .. } | TxnOp::Service { .. } | TxnOp::Check { .. } => no_read(),
        }
    }

    pub(crate) fn read_kv(&self, op: &KvOp) -> OpOutcome {
        let key = &op.key;
        let found = self.kv.entries.get(key);
        match op.verb {
            KvVerb::Get => {
                let entry = found.ok_or_else(|| format!("key {key:?} doesn't exist"))?;
                Ok(vec![TxnResult::Kv { key: Arc::clone(key), entry: entry.clone() }])
            }
            KvVerb::GetOrEmpty => {
                let nothing = || Indexed { value: Arc::default(), create_index: 0, modify_index: 0 };
                let entry = found.cloned().unwrap_or_else(nothing);
                Ok(vec![TxnResult::Kv { key: Arc::clone(key), entry }])
            }
            KvVerb::GetTree => {
                let entries = self.kv.under(key);
                Ok(entries.map(|(key, entry)| TxnResult::Kv { key: Arc::clone(key), entry: entry.clone() }).collect())
            }
            KvVerb::CheckIndex { index } => {
                let entry = found.ok_or_else(|| format!("failed to check index, key {key:?} doesn't exist"))?;
                let current = entry.modify_index;
                if current != index {
                    return Err(format!(
                        "failed index check for key {key:?}, current modify index {current} != {index}"
                    ));
                }
                Ok(vec![without_value(key, entry)])
            }
            KvVerb::CheckSession { session } => {
                let entry = found.ok_or_else(|| format!("failed to check session, key {key:?} doesn't exist"))?;
                let current = entry.value.session;
                if current != session {
                    let text = |id: Option<weft_model::SessionId>| id.map_or_else(String::new, |id| id.to_string());
                    return Err(format!(
                        "failed session check for key {key:?}, current session {:?} != {:?}",
                        text(current),
                        text(session)
                    ));
                }
                Ok(vec![without_value(key, entry)])
            }
            KvVerb::CheckNotExists if found.is_some() => Err(format!("key {key:?} exists")),
            KvVerb::CheckNotExists
            | KvVerb::Set
            | KvVerb::Cas { .. }
            | KvVerb::Lock { .. }
            | KvVerb::Unlock { .. }
            | KvVerb::Delete
            | KvVerb::DeleteCas { .. }
            | KvVerb::DeleteTree => Ok(vec![]),
        }
    }

    /// By its id when one is given, else by its name.
    pub(crate) fn find_node(&self, node: &Node) -> Option<&Indexed<Node>> {
        if node.id.is_empty() {
            return self.nodes.get(&node.name);
        }
        self.nodes.get(self.derived.node_ids.get(&node.id)?)
    }

    pub(crate) fn read_node(&self, node: &Node) -> OpOutcome {
        let found = self.find_node(node).cloned();
        found.map(|node| vec![TxnResult::Node(node)]).ok_or_else(|| format!("node {:?} doesn't exist", node.name))
    }
}

/// Only those who ask for the value get it.
pub(crate) fn without_value(key: &Key, entry: &Indexed<KvEntry>) -> TxnResult {
    let value = KvEntry { value: bytes::Bytes::new(), ..(*entry.value).clone() };
    let entry = Indexed { value: Arc::new(value), ..entry.clone() };
    TxnResult::Kv { key: Arc::clone(key), entry }
}
