//! Histories written by hand, for the tests of judges.

use serde_json::Value;

use super::verdict::Verdict;
use crate::history::{Dump, Op, Outcome, RunConfig, RunData};

/// A history in the making. All operations are on server `s1` unless moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) ops: Vec<Op>,
}

impl Script {
    pub(crate) fn ok(&mut self, from: u64, to: u64, kind: &str, key: &str, input: Value, value: Value) -> &mut Op {
        self.push(from, Some(to), kind, key, input, Outcome::Ok(value))
    }

    pub(crate) fn fail(&mut self, from: u64, to: u64, kind: &str, key: &str, input: Value) -> &mut Op {
        self.push(from, Some(to), kind, key, input, Outcome::Fail("refused".to_owned()))
    }

    pub(crate) fn info(&mut self, from: u64, kind: &str, key: &str, input: Value) -> &mut Op {
        self.push(from, None, kind, key, input, Outcome::Info("timeout".to_owned()))
    }

    fn push(
        &mut self,
        invoke_ns: u64,
        return_ns: Option<u64>,
        kind: &str,
        key: &str,
        input: Value,
        outcome: Outcome,
    ) -> &mut Op {
        let index = self.ops.len() as u64;
        self.ops.push(Op {
            index,
            process: index,
            kind: kind.to_owned(),
            key: key.to_owned(),
            input,
            invoke_ns,
            return_ns,
            outcome,
            server: "s1".to_owned(),
            term: None,
            log_index: None,
        });
        let at = self.ops.len() - 1;
        &mut self.ops[at]
    }

    pub(crate) fn run(&self, servers: &[&str]) -> RunData {
        let mut history = self.ops.clone();
        history.sort_by_key(|op| (op.invoke_ns, op.index));
        let servers = servers.iter().map(|server| (*server).to_owned()).collect();
        RunData { history, config: RunConfig { servers, ..RunConfig::default() }, ..RunData::default() }
    }
}

/// The anomalies that a verdict names.
pub(crate) fn whats(verdict: &Verdict) -> Vec<&str> {
    match verdict {
        Verdict::False(findings) => findings.iter().map(|finding| finding.what.as_str()).collect(),
        Verdict::True | Verdict::Unknown(_) => Vec::new(),
    }
}

/// A run that consists of dumps.
pub(crate) fn dumped(dumps: &[(&str, u64, u64, Value)]) -> RunData {
    let mut run = RunData::default();
    for (server, ns, boot, body) in dumps {
        let dump = Dump { ns: *ns, server: (*server).to_owned(), boot: *boot, fresh: false, body: body.clone() };
        run.dumps.entry((*server).to_owned()).or_default().push(dump);
    }
    run
}
