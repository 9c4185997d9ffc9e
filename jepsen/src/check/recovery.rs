//! C11: when all faults end there is a leader soon, all members become equal, and reads and writes succeed.

use super::slowness::Slowness;
use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Dump, MarkerKind, RunData};

/// C11.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recovery;

/// Reads and polls take time of their own: what is added to every limit.
const SLACK_NS: u64 = 1_500_000_000;
/// The time after the healing whose slowness counts.
const LOOK_NS: u64 = 10_000_000_000;

impl Checker for Recovery {
    fn name(&self) -> &'static str {
        "C11-recovery"
    }

    fn concerns(&self, run: &RunData) -> bool {
        // A run that never came so far says why in a marker.
        run.config.heal_ns > 0 || !run.markers.is_empty()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let slow = Slowness::of(run, run.config.heal_ns, run.config.heal_ns + LOOK_NS);
        let mut times = Vec::new();
        let healed = run.config.heal_ns > 0;
        times.extend(write_again(run, slow).filter(|_| healed));
        if healed && (run.config.system.is_empty() || run.config.system == "weft") {
            times.extend(leader_again(run, slow));
            times.extend(equal_again(run, slow));
        }
        let late = |found: &Finding| found.what.starts_with("late-") || found.what == "not-equal";
        if slow.hopeless() && !times.is_empty() && times.iter().all(late) && markers(run).is_empty() {
            return Verdict::Unknown(format!("the machine was too slow to judge times ({slow:?}): {}", times[0].text));
        }
        let mut findings = times;
        findings.extend(markers(run));
        let harness = run.markers.iter().find(|marker| marker.kind == MarkerKind::Harness);
        match harness {
            Some(marker) if findings.is_empty() => Verdict::Unknown(format!("the harness failed: {}", marker.what)),
            Some(_) | None => Verdict::of(findings),
        }
    }
}

fn finding(what: &str, text: String) -> Finding {
    Finding::new(what, "", text, [])
}

fn limit(run: &RunData, slow: Slowness) -> u64 {
    run.config.heal_ns + slow.stretch(run.config.recovery_ms.max(30_000) * 1_000_000 + SLACK_NS)
}

/// Calls that only read.
fn reads(call: &str) -> bool {
    matches!(call, "read" | "get" | "wait" | "list" | "inspect")
}

fn write_again(run: &RunData, slow: Slowness) -> Option<Finding> {
    let acked = run.history.iter().filter(|op| op.ok().is_some() && !reads(op.call()));
    let first = acked.filter(|op| op.invoke_ns >= run.config.heal_ns).map(|op| op.end_ns()).min();
    let loaded = run.history.iter().any(|op| op.invoke_ns >= run.config.heal_ns && !reads(op.call()));
    let late = first.is_none_or(|ns| ns > limit(run, slow));
    (loaded && late).then(|| match first {
        Some(ns) => finding(
            "late-write",
            format!("first acknowledged write {} ms after the healing", (ns - run.config.heal_ns) / 1_000_000),
        ),
        None => finding("no-write", "no write was acknowledged after the healing".to_owned()),
    })
}

fn leader_again(run: &RunData, slow: Slowness) -> Option<Finding> {
    let led = |dump: &&Dump| dump.leads() && dump.ns >= run.config.heal_ns;
    let first = run.dumps.values().flatten().filter(led).map(|dump| dump.ns).min();
    let polled = run.dumps.values().flatten().any(|dump| dump.ns >= run.config.heal_ns);
    // Servers that were killed or wiped in the last fault must start first; that is the harness's time.
    let elections = slow.stretch(run.config.election_ms.max(1_600) * 1_000_000 + SLACK_NS);
    let allowed = run.config.heal_ns + elections + started_within(run);
    (polled && first.is_none_or(|ns| ns > allowed)).then(|| match first {
        Some(ns) => finding(
            "late-leader",
            format!(
                "a leader only {} ms after the healing, {} ms are allowed ({slow:?})",
                (ns - run.config.heal_ns) / 1_000_000,
                (allowed - run.config.heal_ns) / 1_000_000
            ),
        ),
        None => finding("no-leader", "no server led after the healing".to_owned()),
    })
}

/// How long after the healing the last server answered its first poll of a new boot.
fn started_within(run: &RunData) -> u64 {
    let firsts = run.dumps.values().filter_map(|dumps| {
        let at = dumps.iter().position(|dump| dump.ns >= run.config.heal_ns)?;
        let restarted = at == 0 || dumps[at - 1].boot != dumps[at].boot;
        restarted.then(|| dumps[at].ns - run.config.heal_ns)
    });
    firsts.max().unwrap_or_default()
}

fn equal_again(run: &RunData, slow: Slowness) -> Option<Finding> {
    let last: Vec<&Dump> = run.dumps.values().filter_map(|dumps| dumps.last()).collect();
    let top = last.iter().filter_map(|dump| dump.number("CommitIndex")).max()?;
    let due = run.last_ns() >= limit(run, slow);
    let members = |dump: &&&Dump| member(&last, dump);
    let behind: Vec<String> = last
        .iter()
        .filter(members)
        .filter(|dump| dump.number("AppliedIndex").is_some_and(|applied| applied + 64 < top))
        .map(|dump| format!("{} at {:?}", dump.server, dump.number("AppliedIndex")))
        .collect();
    (due && !behind.is_empty())
        .then(|| finding("not-equal", format!("commit is {top}, but behind are {}", behind.join(", "))))
}

/// Whether the newest known membership names that server. Without ids, everyone is one.
fn member(all: &[&Dump], dump: &Dump) -> bool {
    let newest = all.iter().max_by_key(|dump| dump.number("CommitIndex"));
    match (newest.and_then(|dump| dump.members()), dump.number("ID")) {
        (Some(members), Some(id)) => members.contains(&id),
        (Some(_) | None, _) => true,
    }
}

fn markers(run: &RunData) -> Vec<Finding> {
    let unexpected = run.markers.iter().filter(|marker| marker.kind == MarkerKind::Unexpected);
    unexpected
        .take(20)
        .map(|marker| finding("unexpected-answer", format!("at {} ns: {}", marker.ns, marker.what)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::check::testing::{Script, dumped, whats};
    use crate::history::Marker;

    const SECOND: u64 = 1_000_000_000;

    fn healed(mut run: RunData) -> RunData {
        run.config.heal_ns = 10 * SECOND;
        run.config.end_ns = 60 * SECOND;
        run
    }

    #[test]
    fn a_write_must_pass_after_the_healing() {
        let mut script = Script::default();
        script.ok(11 * SECOND, 12 * SECOND, "register.write", "k", json!(1), json!(true));
        assert_eq!(Recovery.check(&healed(script.run(&[]))), Verdict::True);
        let mut script = Script::default();
        script.info(11 * SECOND, "register.write", "k", json!(1));
        assert_eq!(whats(&Recovery.check(&healed(script.run(&[])))), ["no-write"]);
    }

    #[test]
    fn a_run_whose_harness_failed_is_never_green() {
        let marker = |kind| Marker { ns: 1, kind, what: "no cluster".to_owned(), detail: BTreeMap::new() };
        let run = |kind| RunData { markers: vec![marker(kind)], ..RunData::default() };
        assert!(Recovery.concerns(&run(MarkerKind::Harness)) && !Recovery.concerns(&RunData::default()));
        assert!(matches!(Recovery.check(&run(MarkerKind::Harness)), Verdict::Unknown(_)));
        assert_eq!(whats(&Recovery.check(&run(MarkerKind::Unexpected))), ["unexpected-answer"]);
    }

    #[test]
    fn a_leader_must_be_there_in_time() {
        let body = |role: &str| json!({"Role": role});
        let run = |ns| {
            healed(dumped(&[
                ("a", 9 * SECOND, 1, body("Follower")),
                ("a", 10 * SECOND, 1, body("Follower")),
                ("a", ns, 1, body("Leader")),
            ]))
        };
        assert_eq!(Recovery.check(&run(11 * SECOND)), Verdict::True);
        assert_eq!(whats(&Recovery.check(&run(20 * SECOND))), ["late-leader"]);
    }

    #[test]
    fn a_member_left_behind_is_seen_but_not_a_removed_one() {
        let body = |id: u64, commit: u64, members: &[u64]| {
            let members: Vec<_> = members.iter().map(|id| json!({"ID": id})).collect();
            json!({"ID": id, "Role": "Leader", "CommitIndex": commit, "AppliedIndex": commit, "Members": members})
        };
        let run = |members: &[u64]| {
            healed(dumped(&[
                ("a", 11 * SECOND, 1, body(1, 900, members)),
                ("b", 11 * SECOND, 1, body(2, 100, &[1, 2])),
            ]))
        };
        assert_eq!(whats(&Recovery.check(&run(&[1, 2]))), ["not-equal"]);
        assert_eq!(Recovery.check(&run(&[1])), Verdict::True);
    }
}
