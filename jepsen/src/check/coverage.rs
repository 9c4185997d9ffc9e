//! Coverage is a verdict too: a fault that never ran, or under which nothing succeeded, proved nothing.

use std::collections::BTreeMap;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Band, BandState, LeaderCase, RunData};

/// Whether the run tried what it was meant to try. What is missing makes it unknown, never true.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage;

impl Checker for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn concerns(&self, _: &RunData) -> bool {
        true
    }

    fn check(&self, run: &RunData) -> Verdict {
        let missing: Vec<Finding> = faults(run).into_iter().chain(leader_cases(run)).chain(operations(run)).collect();
        if missing.is_empty() {
            return Verdict::True;
        }
        Verdict::Unknown(missing.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>().join("; "))
    }
}

fn missing(text: String) -> Finding {
    Finding::new("not-covered", "", text, [])
}

fn installed(run: &RunData) -> impl Iterator<Item = &Band> {
    run.nemesis.iter().filter(|band| band.state == BandState::Installed)
}

fn faults(run: &RunData) -> Vec<Finding> {
    let absent = run.config.faults.iter().filter(|fault| !installed(run).any(|band| band.fault == **fault));
    absent
        .map(|fault| {
            let tried = run.nemesis.iter().filter(|band| band.fault == *fault).map(|band| format!("{:?}", band.state));
            let tried: Vec<String> = tried.collect();
            missing(format!(
                "fault {fault} never took hold ({})",
                if tried.is_empty() { "never tried".to_owned() } else { tried.join(", ") }
            ))
        })
        .collect()
}

fn leader_cases(run: &RunData) -> Vec<Finding> {
    let mut findings = Vec::new();
    for fault in &run.config.both_leader_cases {
        for case in [LeaderCase::Hit, LeaderCase::Spared] {
            if !installed(run).any(|band| band.fault == *fault && band.leader == case) {
                findings.push(missing(format!("fault {fault} was never seen with the leader {case:?}")));
            }
        }
    }
    findings
}

/// Each kind of operation of the load needs answers while faults were about.
fn operations(run: &RunData) -> Vec<Finding> {
    let (from, to) = (run.config.faults_ns, run.config.heal_ns);
    if run.config.ok_under_faults == 0 || from >= to {
        return Vec::new();
    }
    let mut acked: BTreeMap<&str, u64> = BTreeMap::new();
    for op in run.history.iter().filter(|op| op.invoke_ns >= from && op.invoke_ns < to) {
        *acked.entry(&op.kind).or_default() += u64::from(op.ok().is_some());
    }
    let silent = run
        .config
        .workloads
        .iter()
        .filter(|name| !acked.keys().any(|kind| kind.split('.').next() == Some(name.as_str())));
    let mut findings: Vec<Finding> =
        silent.map(|name| missing(format!("workload {name} did nothing under faults"))).collect();
    let few = acked.iter().filter(|(_, count)| **count < run.config.ok_under_faults);
    findings.extend(few.map(|(kind, count)| missing(format!("only {count} {kind} succeeded under faults"))));
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::Script;

    fn band(leader: LeaderCase, state: BandState) -> Band {
        Band { fault: "F1".to_owned(), leader, state, ..Band::default() }
    }

    #[test]
    fn a_fault_that_was_skipped_is_not_covered() {
        let mut run = RunData::default();
        run.config.faults = vec!["F1".to_owned()];
        assert!(matches!(Coverage.check(&run), Verdict::Unknown(_)));
        run.nemesis = vec![band(LeaderCase::Hit, BandState::Skipped("no root".to_owned()))];
        assert!(matches!(Coverage.check(&run), Verdict::Unknown(_)));
        run.nemesis = vec![band(LeaderCase::Hit, BandState::Installed)];
        assert_eq!(Coverage.check(&run), Verdict::True);
        run.config.both_leader_cases = vec!["F1".to_owned()];
        assert!(matches!(Coverage.check(&run), Verdict::Unknown(_)));
        run.nemesis.push(band(LeaderCase::Spared, BandState::Installed));
        assert_eq!(Coverage.check(&run), Verdict::True);
    }

    #[test]
    fn operations_must_succeed_under_faults() {
        let mut script = Script::default();
        script.ok(5, 6, "register.write", "k", json!(1), json!(true));
        script.ok(50, 60, "register.write", "k", json!(2), json!(true));
        let mut run = script.run(&[]);
        (run.config.faults_ns, run.config.heal_ns, run.config.ok_under_faults) = (10, 100, 1);
        run.config.workloads = vec!["register".to_owned()];
        assert_eq!(Coverage.check(&run), Verdict::True);
        run.config.ok_under_faults = 2;
        assert!(matches!(Coverage.check(&run), Verdict::Unknown(_)));
        run.config.workloads.push("set".to_owned());
        run.config.ok_under_faults = 1;
        assert!(matches!(Coverage.check(&run), Verdict::Unknown(_)));
    }
}
