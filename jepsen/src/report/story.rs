//! `story.txt`: the first failing key in about ten lines.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::html::seconds;
use super::shrink::shrink;
use crate::check::linear::{Answer, Call, Found, Slot, Timed, key_ops, search_key};
use crate::check::{Finding, Judged, Verdict};
use crate::history::{Op, Outcome, RunData};

const MOST_LINES: usize = 10;

/// The story of the first finding that operations can tell; `None`: nothing failed that way.
#[must_use]
pub fn tell(run: &RunData, judged: &[Judged]) -> Option<String> {
    let (checker, finding) = judged.iter().find_map(|judged| match &judged.verdict {
        Verdict::False(findings) => findings
            .iter()
            .find(|finding| !finding.ops.is_empty())
            .or(findings.first())
            .map(|finding| (&judged.checker, finding)),
        Verdict::True | Verdict::Unknown(_) => None,
    })?;
    let indexes = if finding.what == "not-linearizable" { register(run, finding) } else { finding.ops.clone() };
    let mut ops: Vec<&Op> = run.history.iter().filter(|op| indexes.contains(&op.index)).collect();
    ops.sort_by_key(|op| op.invoke_ns);
    let skip = ops.len().saturating_sub(MOST_LINES);
    let lines: Vec<String> = ops.iter().skip(skip).map(|op| line(op)).collect();
    Some(format!("{checker}: {} {} {}\n{}\n", finding.what, finding.key, finding.text, lines.join("\n")))
}

fn line(op: &Op) -> String {
    let end = op.return_ns.map_or("never".to_owned(), seconds);
    let said = match &op.outcome {
        Outcome::Ok(value) => format!("ok {value}"),
        Outcome::Fail(why) => format!("fail ({why})"),
        Outcome::Info(why) => format!("unknown ({why})"),
    };
    let said: String = said.chars().take(200).collect();
    format!(
        "{:>12} to {end:<12} p{:<4} {:<8} {} {} {} -> {said}",
        seconds(op.invoke_ns),
        op.process,
        op.server,
        op.call(),
        op.input,
        op.key
    )
}

/// The operations that the failure takes.
fn register(run: &RunData, finding: &Finding) -> Vec<u64> {
    let Ok(ops) = key_ops(run.of("register"), &finding.key) else { return finding.ops.clone() };
    let deadline = Instant::now() + Duration::from_secs(20);
    let fails = |part: &[Timed]| {
        let soon = (Instant::now() + Duration::from_millis(500)).min(deadline);
        faithful(&ops, part) && matches!(search_key(part, soon), Found::Stuck { .. })
    };
    shrink(&ops, fails).into_iter().map(|(index, _)| index).collect()
}

/// Whether a failure of the part is one of the whole: who observes a value needs everything that could have produced it. Of
/// refused swaps nothing may be said once writes are left out.
fn faithful(all: &[Timed], part: &[Timed]) -> bool {
    let kept: BTreeSet<u64> = part.iter().map(|(index, _)| *index).collect();
    let mut observed: BTreeSet<Slot> = BTreeSet::new();
    let mut refused = false;
    for (_, span) in part {
        match span.op {
            (Call::Read, Answer::Holds(value)) => drop(observed.insert(value)),
            (Call::Cas { expect, .. }, answer) => {
                observed.insert(expect);
                refused |= answer == Answer::Swapped(false);
            }
            (Call::DeleteIf(expect), answer) => {
                observed.extend([Some(expect), None]);
                refused |= answer == Answer::Swapped(false);
            }
            (Call::Read | Call::Write(_) | Call::Delete, _) => {}
        }
    }
    let needed = |span: &(Call, Answer)| match *span {
        (Call::Write(value), _) => refused || observed.contains(&Some(value)),
        (Call::Cas { .. } | Call::DeleteIf(_), Answer::Swapped(false)) | (Call::Read, _) => false,
        (Call::Delete | Call::DeleteIf(_), _) => refused || observed.contains(&None),
        (Call::Cas { new, .. }, _) => refused || observed.contains(&new),
    };
    all.iter().all(|(index, span)| kept.contains(index) || !needed(&span.op))
}
