//! The judge of W3.

use super::cycle::{Cycle, cycles};
use super::graph::{Graph, Why};
use super::txn::{Micro, Txn, parse};
use super::versions::Versions;
use crate::check::verdict::{Checker, Finding, Verdict};
use crate::history::RunData;

/// C3.
#[derive(Clone, Copy, Debug, Default)]
pub struct Append;

impl Checker for Append {
    fn name(&self) -> &'static str {
        "C3-append"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("append").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        match run.of("append").map(parse).collect::<Result<Vec<Txn>, String>>() {
            Ok(txns) => Verdict::of(judge(&txns)),
            Err(error) => Verdict::Unknown(error),
        }
    }
}

/// All anomalies of a history of transactions.
pub(super) fn judge(txns: &[Txn]) -> Vec<Finding> {
    let mut versions = Versions::of(txns);
    let graph = Graph::of(txns, &versions);
    let mut findings = std::mem::take(&mut versions.findings);
    findings.extend(cycles(&graph).iter().map(|cycle| finding(txns, cycle)));
    findings
}

fn finding(txns: &[Txn], cycle: &Cycle) -> Finding {
    let lines: Vec<String> = cycle
        .edges
        .iter()
        .map(|edge| {
            let (from, to) = (&txns[edge.from], &txns[edge.to]);
            let because = match edge.why {
                Why::WriteWrite => format!("appended to {} before", edge.key),
                Why::WriteRead => format!("was read at {} by", edge.key),
                Why::ReadWrite => format!("did not see at {} the append of", edge.key),
                Why::RealTime => "was over before the begin of".to_owned(),
            };
            format!("T{} {} {because} T{}", from.op, show(from), to.op)
        })
        .collect();
    let key = cycle.edges.iter().map(|edge| edge.key.as_str()).find(|key| !key.is_empty()).unwrap_or_default();
    let ops = cycle.edges.iter().map(|edge| txns[edge.from].op);
    Finding::new(cycle.name, key, lines.join("; "), ops)
}

fn show(txn: &Txn) -> String {
    let steps: Vec<String> = txn
        .micros
        .iter()
        .map(|micro| match micro {
            Micro::Read(key, Some(list)) => format!("r {key} {list:?}"),
            Micro::Read(key, None) => format!("r {key} ?"),
            Micro::Append(key, value) => format!("append {key} {value}"),
        })
        .collect();
    format!("[{}]", steps.join(", "))
}
