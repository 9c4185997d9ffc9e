//! The order of each list's elements, and what single reads get wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::txn::{Micro, Status, Txn};
use crate::check::verdict::Finding;

/// What all reads together tell.
#[derive(Debug, Default)]
pub struct Versions {
    /// By list: its elements in order, as the longest read has them.
    pub order: BTreeMap<String, Vec<u64>>,
    /// Who appended an element (by position among the transactions).
    pub writer: BTreeMap<(String, u64), usize>,
    pub findings: Vec<Finding>,
}

impl Versions {
    /// Reads the version orders off the committed transactions.
    #[must_use]
    pub fn of(txns: &[Txn]) -> Self {
        let mut versions = Self::default();
        for (at, txn) in txns.iter().enumerate() {
            for (key, value) in txn.appends() {
                versions.writer.insert((key.to_owned(), value), at);
            }
        }
        let committed = || txns.iter().filter(|txn| txn.status == Status::Committed);
        for txn in committed() {
            for (key, list) in txn.foreign_reads() {
                let order = versions.order.entry(key.to_owned()).or_default();
                if list.len() > order.len() {
                    *order = list.to_vec();
                }
            }
        }
        for txn in committed() {
            versions.single(txn, txns);
        }
        versions.lost(txns);
        versions
    }

    /// Whether the transaction is known to have taken effect.
    #[must_use]
    pub fn took_effect(&self, txn: &Txn) -> bool {
        let seen = |(key, value): (&str, u64)| self.order.get(key).is_some_and(|order| order.contains(&value));
        match txn.status {
            Status::Committed => true,
            Status::Aborted => false,
            Status::Doubtful => txn.appends().any(seen),
        }
    }

    fn say(&mut self, what: &str, key: &str, text: String, ops: impl IntoIterator<Item = u64>) {
        self.findings.push(Finding::new(what, key, text, ops));
    }

    /// What one transaction's reads show by themselves.
    fn single(&mut self, txn: &Txn, txns: &[Txn]) {
        self.internal(txn);
        for (key, list) in txn.foreign_reads() {
            let distinct: BTreeSet<u64> = list.iter().copied().collect();
            if distinct.len() < list.len() {
                self.say("duplicate", key, format!("an element twice in {list:?}"), [txn.op]);
            }
            for value in distinct {
                match self.writer.get(&(key.to_owned(), value)).map(|at| &txns[*at]) {
                    None => self.say("phantom", key, format!("{value} was read but never appended"), [txn.op]),
                    Some(writer) if writer.status == Status::Aborted => {
                        let text = format!("{value} was read, but its transaction had failed");
                        self.say("G1a", key, text, [writer.op, txn.op]);
                    }
                    Some(_) => {}
                }
            }
            self.intermediate(txn, key, list, txns);
            let order = &self.order[key];
            if !order.starts_with(list) {
                let text = format!("{list:?} is no beginning of {order:?}");
                self.say("incompatible-order", key, text, [txn.op]);
            }
        }
    }

    /// G1b: a read that ends within another transaction's appends to that list.
    fn intermediate(&mut self, txn: &Txn, key: &str, list: &[u64], txns: &[Txn]) {
        let Some(last) = list.last() else { return };
        let Some(writer) = self.writer.get(&(key.to_owned(), *last)).map(|at| &txns[*at]) else { return };
        let final_value = writer.appends().filter(|(to, _)| *to == key).last().map(|(_, value)| value);
        if writer.op != txn.op && final_value != Some(*last) {
            let text = format!("the read ends with {last}, in the middle of a transaction");
            self.say("G1b", key, text, [writer.op, txn.op]);
        }
    }

    /// A transaction must see its own appends, and one list may not change between two of its reads otherwise.
    fn internal(&mut self, txn: &Txn) {
        let mut expected: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut appended: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut wrong = Vec::new();
        for micro in &txn.micros {
            match micro {
                Micro::Append(key, value) => {
                    appended.entry(key).or_default().push(*value);
                    if let Some(list) = expected.get_mut(key.as_str()) {
                        list.push(*value);
                    }
                }
                Micro::Read(key, Some(list)) => {
                    let own = appended.get(key.as_str()).is_none_or(|own| list.ends_with(own));
                    if !own || expected.get(key.as_str()).is_some_and(|before| before != list) {
                        wrong.push((key.clone(), format!("{list:?} does not fit the transaction's own steps")));
                    }
                    expected.insert(key, list.clone());
                }
                Micro::Read(_, None) => {}
            }
        }
        for (key, text) in wrong {
            self.say("internal", &key, text, [txn.op]);
        }
    }

    /// An acknowledged append that a later read of its list does not have.
    fn lost(&mut self, txns: &[Txn]) {
        let mut last_read: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for txn in txns.iter().filter(|txn| txn.status == Status::Committed) {
            for (key, _) in txn.foreign_reads() {
                let last = last_read.entry(key.to_owned()).or_default();
                *last = (*last).max((txn.invoke_ns, txn.op));
            }
        }
        let present: BTreeMap<String, BTreeSet<u64>> =
            self.order.iter().map(|(key, order)| (key.clone(), order.iter().copied().collect())).collect();
        for txn in txns.iter().filter(|txn| txn.status == Status::Committed) {
            for (key, value) in txn.appends() {
                let Some((read_ns, reader)) = last_read.get(key).copied() else { continue };
                let there = present.get(key).is_some_and(|order| order.contains(&value));
                if !there && txn.return_ns.is_some_and(|ns| ns < read_ns) {
                    self.say("lost", key, format!("{value} was acknowledged, then missing"), [txn.op, reader]);
                }
            }
        }
    }
}
