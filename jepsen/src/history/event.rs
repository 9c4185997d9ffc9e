//! The lines of `history.jsonl`: an operation is two lines, so that a harness that dies in between
//! still leaves the doubt on record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::op::{Op, Outcome};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Written before the first byte is sent.
    Invoke { index: u64, process: u64, kind: String, key: String, input: Value, ns: u64, server: String },
    /// Written after the last byte was read.
    Return {
        index: u64,
        ns: u64,
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log_index: Option<u64>,
    },
}

/// Operations in the order of their invocation. One that never returned is doubtful.
#[must_use]
pub fn pair(events: Vec<Event>) -> Vec<Op> {
    let mut ops = BTreeMap::new();
    for event in events {
        match event {
            Event::Invoke { index, process, kind, key, input, ns, server } => {
                let outcome = Outcome::Info("never returned".to_owned());
                ops.insert(
                    index,
                    Op {
                        index,
                        process,
                        kind,
                        key,
                        input,
                        invoke_ns: ns,
                        return_ns: None,
                        outcome,
                        server,
                        term: None,
                        log_index: None,
                    },
                );
            }
            Event::Return { index, ns, outcome, term, log_index } => {
                let Some(op) = ops.get_mut(&index) else { continue };
                op.return_ns = (!matches!(outcome, Outcome::Info(_))).then_some(ns);
                op.outcome = outcome;
                op.term = term;
                op.log_index = log_index;
            }
        }
    }
    let mut ops: Vec<Op> = ops.into_values().collect();
    ops.sort_by_key(|op| (op.invoke_ns, op.index));
    ops
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invoke(index: u64) -> Event {
        Event::Invoke {
            index,
            process: index,
            kind: "register.write".to_owned(),
            key: "k".to_owned(),
            input: json!(1),
            ns: 10 + index,
            server: "s1".to_owned(),
        }
    }

    #[test]
    fn an_operation_without_return_is_doubtful() {
        let back =
            Event::Return { index: 1, ns: 20, outcome: Outcome::Ok(json!(true)), term: None, log_index: Some(7) };
        let ops = pair(vec![invoke(0), invoke(1), back]);
        assert!(ops[0].doubtful());
        assert_eq!(ops[0].end_ns(), u64::MAX);
        assert_eq!((ops[1].return_ns, ops[1].log_index), (Some(20), Some(7)));
    }

    #[test]
    fn a_doubtful_return_leaves_the_end_open() {
        let back = Event::Return {
            index: 0,
            ns: 20,
            outcome: Outcome::Info("timeout".to_owned()),
            term: None,
            log_index: None,
        };
        assert_eq!(pair(vec![invoke(0), back])[0].return_ns, None);
    }
}
