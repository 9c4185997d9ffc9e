//! C2: no added element is lost, none appears from nowhere, none twice; on every server.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Op, RunData};

/// C2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set;

impl Checker for Set {
    fn name(&self) -> &'static str {
        "C2-set"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("set").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let ops: Vec<&Op> = run.of("set").collect();
        let mut findings = Vec::new();
        let mut unread = None;
        for key in ["own", "shared"] {
            let added = Added::of(&ops, key);
            if added.all.is_empty() {
                continue;
            }
            let reads: Vec<&&Op> =
                ops.iter().filter(|op| op.call() == "read" && op.key == key && op.ok().is_some()).collect();
            let read_on: BTreeSet<&str> = reads.iter().map(|op| op.server.as_str()).collect();
            if read_on.is_empty() || run.config.last_servers().iter().any(|server| !read_on.contains(server.as_str())) {
                unread = Some(format!("not every server was read in the end for {key}: only {read_on:?}"));
            }
            findings.extend(reads.iter().flat_map(|read| judge(&added, read)));
        }
        // What one server has lost is lost, whatever another one would have said.
        unread.filter(|_| findings.is_empty()).map_or_else(|| Verdict::of(findings), Verdict::Unknown)
    }
}

/// What was added to a set, by what is known of it.
struct Added {
    /// Element to the operation that added it.
    all: BTreeMap<u64, u64>,
    /// Acknowledged, and when.
    acked: BTreeMap<u64, u64>,
    /// Provably never added.
    refused: BTreeSet<u64>,
}

impl Added {
    fn of(ops: &[&Op], key: &str) -> Self {
        let mut added = Self { all: BTreeMap::new(), acked: BTreeMap::new(), refused: BTreeSet::new() };
        for op in ops.iter().filter(|op| op.call() == "add" && op.key == key) {
            let Some(element) = op.input.as_u64() else { continue };
            added.all.insert(element, op.index);
            match op.ok().map(Value::as_bool) {
                Some(Some(true)) => drop(added.acked.insert(element, op.end_ns())),
                Some(Some(false)) => drop(added.refused.insert(element)),
                Some(None) => {}
                None if op.failed() => drop(added.refused.insert(element)),
                None => {}
            }
        }
        added
    }
}

fn judge(added: &Added, read: &Op) -> Vec<Finding> {
    let mut found: BTreeMap<u64, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut say = |what: &str, elements: &[u64]| {
        if elements.is_empty() {
            return;
        }
        let shown: Vec<String> = elements.iter().take(20).map(u64::to_string).collect();
        let text =
            format!("{} elements {what} on {} ({}): {}", elements.len(), read.server, read.input, shown.join(" "));
        let ops = elements.iter().take(8).filter_map(|element| added.all.get(element).copied());
        findings.push(Finding::new(what, &read.key, text, ops.chain([read.index])));
    };
    let rows = read.ok().and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let strange = rows.iter().filter(|row| !row.is_u64()).count();
    for element in rows.iter().filter_map(Value::as_u64) {
        *found.entry(element).or_default() += 1;
    }
    // A read promises what was acknowledged before it began.
    let due = added.acked.iter().filter(|(_, acked_ns)| **acked_ns < read.invoke_ns);
    let lost: Vec<u64> = due.map(|(element, _)| *element).filter(|element| !found.contains_key(element)).collect();
    let phantom: Vec<u64> = found.keys().copied().filter(|element| !added.all.contains_key(element)).collect();
    let undead: Vec<u64> = found.keys().copied().filter(|element| added.refused.contains(element)).collect();
    let twice: Vec<u64> = found.iter().filter(|(_, count)| **count > 1).map(|(element, _)| *element).collect();
    say("lost", &lost);
    say("phantom", &phantom);
    say("refused-yet-there", &undead);
    say("duplicated", &twice);
    if strange > 0 {
        findings.push(Finding::new(
            "phantom",
            &read.key,
            format!("{strange} elements that nobody wrote on {}", read.server),
            [read.index],
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::{Script, whats};

    fn run(script: &mut Script, found: Value) -> Verdict {
        script.ok(100, 110, "set.read", "own", json!("stale"), found);
        Set.check(&script.run(&["s1"]))
    }

    #[test]
    fn acknowledged_elements_must_be_there_and_doubtful_ones_may() {
        let mut script = Script::default();
        script.ok(0, 5, "set.add", "own", json!(1), json!(true));
        script.info(6, "set.add", "own", json!(2));
        assert_eq!(run(&mut script.clone(), json!([1])), Verdict::True);
        assert_eq!(run(&mut script.clone(), json!([1, 2])), Verdict::True);
        assert_eq!(whats(&run(&mut script, json!([2]))), ["lost"]);
    }

    #[test]
    fn nothing_appears_from_nowhere_or_twice_or_against_a_refusal() {
        let mut script = Script::default();
        script.ok(0, 5, "set.add", "own", json!(1), json!(true));
        script.ok(6, 7, "set.add", "own", json!(2), json!(false));
        script.fail(8, 9, "set.add", "own", json!(3));
        assert_eq!(whats(&run(&mut script.clone(), json!([1, 9]))), ["phantom"]);
        assert_eq!(whats(&run(&mut script.clone(), json!([1, 1]))), ["duplicated"]);
        assert_eq!(whats(&run(&mut script.clone(), json!([1, 2]))), ["refused-yet-there"]);
        assert_eq!(whats(&run(&mut script, json!([1, 3, "x"]))), ["refused-yet-there", "phantom"]);
    }

    #[test]
    fn a_server_that_was_not_read_leaves_doubt() {
        let mut script = Script::default();
        script.ok(0, 5, "set.add", "own", json!(1), json!(true));
        script.ok(100, 110, "set.read", "own", json!("stale"), json!([1]));
        let mut run = script.run(&["s1", "s2"]);
        assert!(matches!(Set.check(&run), Verdict::Unknown(_)));
        script.ok(100, 110, "set.read", "own", json!("stale"), json!([]));
        assert_eq!(whats(&Set.check(&script.run(&["s1", "s2"]))), ["lost"]);
        run.config.servers_at_end = vec!["s1".to_owned()];
        assert_eq!(Set.check(&run), Verdict::True);
        run.config.servers_at_end = vec!["s4".to_owned()];
        assert!(matches!(Set.check(&run), Verdict::Unknown(_)));
    }
}
