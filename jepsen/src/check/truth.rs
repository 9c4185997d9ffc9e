//! The journal of a workload, read back: what really happened, in order, with the index of each change.
//!
//! It trusts the servers, so it complements the register's search and never replaces it. What it trusts is itself compared:
//! with every acknowledged write, and between servers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::verdict::Finding;
use crate::history::{Op, RunData};

/// What happened, by index.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Changes by the index at which they took effect.
    pub entries: BTreeMap<u64, Vec<Value>>,
    /// Contradictions between the journal, its copies and the acknowledgements.
    pub findings: Vec<Finding>,
}

impl Truth {
    /// Reads the journal of a workload.
    ///
    /// # Errors
    /// When no server's journal was read to the end.
    pub fn of(run: &RunData, workload: &str) -> Result<Self, String> {
        let mut truth = Self::default();
        let mut by_id: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        let mut journals = 0_u64;
        let mut first_read = u64::MAX;
        for op in run.of(workload).filter(|op| op.call() == "journal") {
            let Some(rows) = op.ok().and_then(Value::as_array) else { continue };
            journals += 1;
            first_read = first_read.min(op.invoke_ns);
            for row in rows {
                truth.row(op, row, &mut by_id);
            }
        }
        if journals == 0 {
            return Err(format!("the journal of {workload} was never read"));
        }
        for op in run.of(workload) {
            let (Some(answer), Some(id)) = (op.ok(), op.input.get("id").and_then(Value::as_u64)) else { continue };
            truth.acknowledged(op, answer, by_id.get(&id).copied(), first_read);
        }
        Ok(truth)
    }

    fn row(&mut self, op: &Op, row: &Value, by_id: &mut BTreeMap<u64, (u64, u64)>) {
        let (Some(index), Some(id)) = (row[0].as_u64(), row[1].as_u64()) else { return };
        match by_id.get(&id) {
            Some((known, reader)) if *known != index => {
                let text = format!("entry {id} is at index {known} and, on {}, at {index}", op.server);
                self.findings.push(Finding::new("journals-differ", &op.key, text, [*reader, op.index]));
            }
            Some(_) => {}
            None => {
                by_id.insert(id, (index, op.index));
                let changes = row[2].as_array().cloned().unwrap_or_default();
                self.entries.entry(index).or_default().extend(changes);
            }
        }
    }

    fn acknowledged(&mut self, op: &Op, answer: &Value, journal: Option<(u64, u64)>, first_read: u64) {
        let index = answer.get("index").and_then(Value::as_u64);
        match journal {
            Some((at, _)) if index.is_some_and(|index| index != at) => {
                let text = format!("acknowledged at index {index:?}, but the journal has it at {at}");
                self.findings.push(Finding::new("index-changed", &op.key, text, [op.index]));
            }
            Some(_) => {}
            None if op.end_ns() < first_read => {
                let text = format!("acknowledged at index {index:?}, but not in the journal: {}", op.input);
                self.findings.push(Finding::new("lost", &op.key, text, [op.index]));
            }
            None => {}
        }
    }
}
