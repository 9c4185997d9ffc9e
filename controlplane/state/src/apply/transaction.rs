//! Transactions: every operation is tried in its order, on what the former ones have made. When any
//! fails, all that failed are named and nothing has happened.

use weft_model::catalog::{Node, Service};
use weft_model::health::Check;
use weft_model::kv::KvVerb;
use weft_model::mutant::{self, Mutant};
use weft_model::txn::{CatalogVerb, TxnOutcome};
use weft_model::{ApplyError, CheckId, KvOp, NodeName, Reply, ServiceId, TxnError, TxnOp, TxnResult};

use super::Txn;
use crate::ops::{OpOutcome, gather, without_value};

impl Txn {
    pub(super) fn transaction(&mut self, ops: &[TxnOp]) -> Reply {
        let (state, touched) = (self.state.clone(), self.touched.clone());
        let outcome = self.try_all(ops);
        if outcome.is_err() {
            (self.state, self.touched) = (state, touched);
        }
        Reply::Txn(outcome)
    }

    fn try_all(&mut self, ops: &[TxnOp]) -> TxnOutcome {
        let unfit = |(op, what): (usize, Option<String>)| what.map(|what| TxnError { op, what });
        let unfit: Vec<_> = ops.iter().map(|op| self.unfit(op)).enumerate().filter_map(unfit).collect();
        if !unfit.is_empty() {
            return Err(unfit);
        }
        if mutant::active(Mutant::M10) {
            return self.in_no_order(ops);
        }
        gather(ops.iter().map(|op| self.try_op(op)))
    }

    /// What Consul refuses before it looks at the state, the lock delay included.
    fn unfit(&self, op: &TxnOp) -> Option<String> {
        match op {
            TxnOp::Kv(op) if op.key.is_empty() && op.verb != KvVerb::DeleteTree => Some("Must provide key".into()),
            TxnOp::Kv(op) if matches!(op.verb, KvVerb::Lock { .. }) && self.is_lock_delayed(&op.key) => {
                Some(format!("failed to lock key {:?} due to lock delay", op.key))
            }
            TxnOp::Node { verb, node } if verb.is_write() && node.name.is_empty() => Some("Must provide node".into()),
            TxnOp::Service { verb, service, .. }
                if verb.is_write() && service.name.is_empty() && !service.id.is_empty() =>
            {
                Some("Must provide service name with ID".into())
            }
            TxnOp::Kv(_) | TxnOp::Node { .. } | TxnOp::Service { .. } | TxnOp::Check { .. } | TxnOp::Invalid(_) => None,
        }
    }

    fn try_op(&mut self, op: &TxnOp) -> OpOutcome {
        match op {
            TxnOp::Kv(op) => self.kv_op(op),
            TxnOp::Node { verb, node } => self.node_op(*verb, node),
            TxnOp::Service { verb, node, service } => self.service_op(*verb, node, service),
            TxnOp::Check { verb, check } => self.check_op(*verb, check),
            TxnOp::Invalid(what) => Err(what.clone()),
        }
    }

    fn kv_op(&mut self, op: &KvOp) -> OpOutcome {
        if !op.verb.is_write() {
            return self.state.read_kv(op);
        }
        let key = &op.key;
        if !self.kv_write(op).map_err(text)? {
            return Err(if let KvVerb::Lock { .. } = op.verb {
                format!("failed to lock key {key:?}, lock is already held")
            } else if let KvVerb::Unlock { .. } = op.verb {
                format!("failed to unlock key {key:?}, lock isn't held, or is held by another session")
            } else {
                format!("failed to {} key {key:?}, index is stale", if op.verb.is_delete() { "delete" } else { "set" })
            });
        }
        if op.verb.is_delete() {
            return Ok(vec![]);
        }
        Ok(self.state.kv.entries.get(key).map(|entry| without_value(key, entry)).into_iter().collect())
    }

    fn node_op(&mut self, verb: CatalogVerb, node: &Node) -> OpOutcome {
        let stale = |what: &str| Err(format!("failed to {what} node {:?}, index is stale", node.name));
        let index = self.state.nodes.get(&node.name).map(|node| node.modify_index);
        match verb {
            CatalogVerb::Get => return self.state.read_node(node),
            CatalogVerb::Cas { index: wanted } if wanted != index.unwrap_or(0) => return stale("set"),
            CatalogVerb::DeleteCas { index: wanted } if Some(wanted) != index => return stale("delete"),
            CatalogVerb::Set | CatalogVerb::Cas { .. } => {
                self.put_node(node).map_err(text)?;
                return self.state.read_node(node);
            }
            CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => self.remove_node(&node.name),
        }
        Ok(vec![])
    }

    fn service_op(&mut self, verb: CatalogVerb, node: &NodeName, service: &Service) -> OpOutcome {
        let mut service = service.clone();
        if service.id.is_empty() {
            service.id = service.name.as_str().into();
        }
        let id = &service.id.clone();
        let stale = |what: &str| Err(format!("failed to {what} service {id:?} on node {node:?}, index is stale"));
        let index = self.state.services.get(&(node.clone(), id.clone())).map(|service| service.modify_index);
        match verb {
            CatalogVerb::Get => {}
            CatalogVerb::Cas { index: wanted } if wanted != index.unwrap_or(0) => return stale("set"),
            CatalogVerb::DeleteCas { index: wanted } if Some(wanted) != index => return stale("delete"),
            CatalogVerb::Set | CatalogVerb::Cas { .. } => {
                if !self.state.nodes.contains_key(node) {
                    return Err("Missing node registration".into());
                }
                self.put_service(node, service);
            }
            CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => {
                self.remove_service(node, id);
                return Ok(vec![]);
            }
        }
        self.found_service(node, id)
    }

    fn check_op(&mut self, verb: CatalogVerb, check: &Check) -> OpOutcome {
        let mut check = check.clone();
        if check.id.is_empty() {
            check.id = check.name.as_str().into();
        }
        let (node, id) = (&check.node.clone(), &check.id.clone());
        let stale = |what: &str| Err(format!("failed to {what} check {id:?} on node {node:?}, index is stale"));
        let index = self.state.checks.get(&(node.clone(), id.clone())).map(|check| check.modify_index);
        match verb {
            CatalogVerb::Get => {}
            CatalogVerb::Cas { index: wanted } if wanted != index.unwrap_or(0) => return stale("set"),
            CatalogVerb::DeleteCas { index: wanted } if Some(wanted) != index => return stale("delete"),
            CatalogVerb::Set | CatalogVerb::Cas { .. } => {
                if !self.state.nodes.contains_key(node) {
                    return Err("Missing node registration".into());
                }
                self.put_check(check, false).map_err(text)?;
            }
            CatalogVerb::Delete | CatalogVerb::DeleteCas { .. } => {
                self.remove_check(node, id);
                return Ok(vec![]);
            }
        }
        self.found_check(node, id)
    }

    fn found_service(&self, node: &NodeName, id: &ServiceId) -> OpOutcome {
        let found = self.state.services.get(&(node.clone(), id.clone())).cloned();
        let result = found.map(|service| vec![TxnResult::Service { node: node.clone(), service }]);
        result.ok_or_else(|| format!("service {id:?} on node {node:?} doesn't exist"))
    }

    fn found_check(&self, node: &NodeName, id: &CheckId) -> OpOutcome {
        let found = self.state.checks.get(&(node.clone(), id.clone())).cloned();
        found
            .map(|check| vec![TxnResult::Check(check)])
            .ok_or_else(|| format!("check {id:?} on node {node:?} doesn't exist"))
    }

    /// Only for the mistake of that name: a hash map's order differs between servers.
    #[allow(clippy::disallowed_types)]
    fn in_no_order(&mut self, ops: &[TxnOp]) -> TxnOutcome {
        let ops: std::collections::HashMap<usize, &TxnOp> = ops.iter().enumerate().collect();
        gather(ops.values().map(|op| self.try_op(op)))
    }
}

fn text(error: ApplyError) -> String {
    error.to_string()
}
