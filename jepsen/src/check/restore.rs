//! C7 for W10: after a restore the keys are as they were when the snapshot was saved, damaged snapshots change nothing, and the
//! index never goes back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Op, RunData};

/// C7, after restores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restore;

impl Checker for Restore {
    fn name(&self) -> &'static str {
        "C7-restore"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("operator").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let ops: Vec<&Op> = run.of("operator").collect();
        let mut findings = index_goes_back(&ops);
        findings.extend(states(&ops));
        findings.extend(elsewhere(&ops));
        findings.extend(ops.iter().filter_map(|op| too_new(op)));
        let done = |call: &str| ops.iter().any(|op| op.call() == call && op.ok().is_some());
        let lacks = [
            ("restore", "no snapshot was ever restored"),
            ("read-elsewhere", "no snapshot was restored onto a fresh cluster"),
        ];
        if let Some((_, why)) = lacks.into_iter().find(|(call, _)| findings.is_empty() && !done(call)) {
            return Verdict::Unknown(why.to_owned());
        }
        Verdict::of(findings)
    }
}

/// Nothing is newer than the index that is announced with it: who waits from that index must not miss the next change.
fn too_new(op: &Op) -> Option<Finding> {
    let answer = op.ok()?;
    let (index, newest) = (answer.get("index")?.as_u64()?, answer.get("newest")?.as_u64()?);
    let text = || format!("a key is of index {newest}, the answer of {index}");
    (newest > index).then(|| Finding::new("newer-than-index", &op.key, text(), [op.index]))
}

fn index_goes_back(ops: &[&Op]) -> Vec<Finding> {
    let mut reads: Vec<(&Op, u64)> = ops
        .iter()
        .filter(|op| matches!(op.call(), "read" | "observe"))
        .filter_map(|op| Some((*op, op.ok()?.get("index")?.as_u64()?)))
        .collect();
    reads.sort_by_key(|(op, _)| op.end_ns());
    let mut findings = Vec::new();
    let mut rising: Vec<(&Op, u64)> = Vec::new();
    for (op, index) in reads {
        let over = rising.partition_point(|(other, _)| other.end_ns() < op.invoke_ns);
        if let Some((other, before)) = over.checked_sub(1).map(|at| rising[at]).filter(|(_, before)| *before > index) {
            let text = format!("{before} was announced before, now {index}");
            findings.push(Finding::new("index-went-back", &op.key, text, [other.index, op.index]));
        }
        if rising.last().is_none_or(|(_, last)| *last <= index) {
            rising.push((op, index));
        }
    }
    findings
}

type State = BTreeMap<String, String>;

/// Replays what the one worker did. Keys about which there is a doubt are not judged, and nothing is after a doubtful restore.
fn states(ops: &[&Op]) -> Vec<Finding> {
    replay(ops).0
}

/// The fresh cluster holds what the snapshot held when it was saved.
fn elsewhere(ops: &[&Op]) -> Vec<Finding> {
    let saved = replay(ops).1;
    let doubtful = doubtful(ops);
    let restored = ops.iter().find(|op| op.call() == "restore-elsewhere" && op.ok().is_some());
    let Some(expected) = restored.and_then(|op| saved.get(&op.input.as_u64()?)) else { return Vec::new() };
    let mut findings = Vec::new();
    for op in ops.iter().filter(|op| op.call() == "read-elsewhere") {
        let Some(answer) = op.ok() else { continue };
        findings.extend(differs(op, answer, expected, &doubtful));
    }
    findings
}

fn doubtful<'a>(ops: &[&'a Op]) -> BTreeSet<&'a str> {
    ops.iter().filter(|op| op.call() == "write" && op.doubtful()).map(|op| op.key.as_str()).collect()
}

fn replay(ops: &[&Op]) -> (Vec<Finding>, BTreeMap<u64, State>) {
    let mut now = State::new();
    let mut saved: BTreeMap<u64, State> = BTreeMap::new();
    let doubtful = doubtful(ops);
    let mut findings = Vec::new();
    for op in ops {
        match (op.call(), op.ok()) {
            ("write", Some(_)) => drop(now.insert(op.key.clone(), op.input.as_str().unwrap_or_default().to_owned())),
            ("save", Some(_)) => drop(saved.insert(op.input.as_u64().unwrap_or(0), now.clone())),
            ("restore", Some(_)) => now = op.input.as_u64().and_then(|id| saved.get(&id)).cloned().unwrap_or_default(),
            ("restore", None) if op.doubtful() => return (findings, saved),
            ("damaged", Some(accepted)) if accepted.as_bool() == Some(true) => {
                let text = format!("a snapshot with one wrong byte was accepted: {}", op.input);
                findings.push(Finding::new("damaged-accepted", "", text, [op.index]));
                return (findings, saved);
            }
            ("read", Some(answer)) => findings.extend(differs(op, answer, &now, &doubtful)),
            _ => {}
        }
    }
    (findings, saved)
}

fn differs(op: &Op, answer: &Value, expected: &State, doubtful: &BTreeSet<&str>) -> Option<Finding> {
    let judged = |key: &str| !doubtful.contains(key);
    let found = answer.get("state").and_then(Value::as_object).into_iter().flatten();
    let found: BTreeMap<&str, &str> = found
        .filter(|(key, _)| judged(key))
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let expected: BTreeMap<&str, &str> =
        expected.iter().filter(|(key, _)| judged(key)).map(|(key, value)| (key.as_str(), value.as_str())).collect();
    (found != expected).then(|| {
        let text = format!("expected {expected:?}, found {found:?}");
        Finding::new("state-differs", &op.key, text, [op.index])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::{Script, whats};

    fn script() -> Script {
        let mut script = Script::default();
        script.ok(0, 1, "operator.write", "operator/a", json!("1"), json!(true));
        script.ok(2, 3, "operator.save", "", json!(7), json!({"index": 5}));
        script.ok(4, 5, "operator.write", "operator/a", json!("2"), json!(true));
        script.ok(6, 7, "operator.read", "operator/", Value::Null, json!({"index": 9, "state": {"operator/a": "2"}}));
        script.ok(8, 9, "operator.restore", "", json!(7), json!(true));
        script
    }

    fn read(mut script: Script, index: u64, value: &str) -> Verdict {
        script.ok(
            10,
            11,
            "operator.read",
            "operator/",
            Value::Null,
            json!({"index": index, "state": {"operator/a": value}}),
        );
        afterwards(&mut script, 5, "1");
        Restore.check(&script.run(&["s1"]))
    }

    /// The same snapshot on a fresh cluster.
    fn afterwards(script: &mut Script, index: u64, value: &str) {
        script.ok(20, 21, "operator.restore-elsewhere", "", json!(7), json!(true));
        let answer = json!({"index": index, "newest": 5, "state": {"operator/a": value}});
        script.ok(22, 23, "operator.read-elsewhere", "operator/", Value::Null, answer);
    }

    #[test]
    fn a_fresh_cluster_holds_what_was_saved() {
        let verdict = |index, value| {
            let mut script = script();
            afterwards(&mut script, index, value);
            Restore.check(&script.run(&["s1"]))
        };
        assert_eq!(verdict(5, "1"), Verdict::True);
        assert_eq!(whats(&verdict(5, "2")), ["state-differs"]);
        assert_eq!(whats(&verdict(4, "1")), ["newer-than-index"]);
        assert!(matches!(Restore.check(&script().run(&["s1"])), Verdict::Unknown(_)));
    }

    #[test]
    fn a_restore_takes_the_state_back_but_not_the_index() {
        assert_eq!(read(script(), 12, "1"), Verdict::True);
        assert_eq!(whats(&read(script(), 12, "2")), ["state-differs"]);
        assert_eq!(whats(&read(script(), 5, "1")), ["index-went-back"]);
    }

    #[test]
    fn a_damaged_snapshot_must_be_refused() {
        let mut accepted = script();
        accepted.ok(10, 11, "operator.damaged", "", json!({"byte": 3}), json!(true));
        assert_eq!(whats(&Restore.check(&accepted.run(&["s1"]))), ["damaged-accepted"]);
        let mut refused = script();
        refused.ok(10, 11, "operator.damaged", "", json!({"byte": 3}), json!(false));
        afterwards(&mut refused, 9, "1");
        assert_eq!(Restore.check(&refused.run(&["s1"])), Verdict::True);
    }

    #[test]
    fn without_a_restore_nothing_is_known() {
        assert!(matches!(Restore.check(&Script::default().run(&[])), Verdict::Unknown(_)));
    }
}
