//! C8: what servers say about themselves fits together: one leader a term, committed entries never change,
//! nothing durable goes back, and everything is in its order.
//!
//! A dump's body has `Term`, `Role`, `VotedFor`, `Cluster`, `LastLogTerm`, `LastLogIndex`, `CommitIndex`, `AppliedIndex`, `SnapshotIndex` and
//! `PurgedIndex`; whatever is missing is not judged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Band, Dump, RunData};

/// C8.
#[derive(Clone, Copy, Debug, Default)]
pub struct Structure;

impl Checker for Structure {
    fn name(&self) -> &'static str {
        "C8-structure"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.config.system.is_empty() || run.config.system == "weft"
    }

    fn check(&self, run: &RunData) -> Verdict {
        if run.dumps.values().all(Vec::is_empty) {
            return Verdict::Unknown("no server was ever asked for its raft state".to_owned());
        }
        let dumps: Vec<&Dump> = run.dumps.values().flatten().collect();
        let mut findings = one_leader_a_term(&dumps);
        findings.extend(committed_never_changes(&dumps));
        findings.extend(one_cluster(&dumps));
        for (server, dumps) in &run.dumps {
            findings.extend(dumps.iter().flat_map(in_order));
            findings.extend(never_back(run, server, dumps));
        }
        Verdict::of(findings)
    }
}

fn found(what: &str, server: &str, text: String) -> Finding {
    Finding::new(what, server, text, [])
}

/// Who leads a term, by its own word or by that of a server whose vote says that a quorum has elected it.
fn one_leader_a_term(dumps: &[&Dump]) -> Vec<Finding> {
    let mut leaders: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    let mut findings = Vec::new();
    for dump in dumps {
        let elected = dump.number("VotedFor").filter(|_| elected(dump));
        let Some(leader) = dump.number("ID").filter(|_| dump.leads()).or(elected) else { continue };
        let Some(term) = dump.number("Term") else { continue };
        let (first, server) = *leaders.entry(term).or_insert((leader, &dump.server));
        if first != leader {
            let text = format!("{first} (says {server}) and {leader} (says {}) both lead term {term}", dump.server);
            findings.push(found("two-leaders", &dump.server, text));
        }
    }
    findings
}

/// Whether the vote of this server is for one that a quorum has elected.
fn elected(dump: &Dump) -> bool {
    dump.body.get("VoteCommitted").and_then(Value::as_bool) == Some(true)
}

/// The term of a committed entry is part of its identity: two terms for one index are two entries.
fn committed_never_changes(dumps: &[&Dump]) -> Vec<Finding> {
    let mut committed: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (dump, id) in dumps.iter().filter_map(|dump| Some((dump, dump.committed()?))) {
        let (term, server) = *committed.entry(id.index).or_insert((id.term, &dump.server));
        if term != id.term {
            let text =
                format!("index {} is of term {term} on {server} and of term {} on {}", id.index, id.term, dump.server);
            findings.push(found("committed-changed", &dump.server, text));
        }
    }
    findings
}

fn one_cluster(dumps: &[&Dump]) -> Vec<Finding> {
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for dump in dumps {
        if let Some(id) = dump.text("Cluster").filter(|id| !id.is_empty()) {
            ids.entry(id).or_insert(&dump.server);
        }
    }
    if ids.len() < 2 {
        return Vec::new();
    }
    vec![found("two-clusters", "", format!("cluster ids and who said them: {ids:?}"))]
}

/// purged <= snapshot <= applied <= commit <= last
fn in_order(dump: &Dump) -> Vec<Finding> {
    let order = ["PurgedIndex", "SnapshotIndex", "AppliedIndex", "CommitIndex", "LastLogIndex"];
    let known: Vec<(&str, u64)> = order.iter().filter_map(|key| Some((*key, dump.number(key)?))).collect();
    let wrong = known.windows(2).filter(|pair| pair[0].1 > pair[1].1);
    wrong
        .map(|pair| {
            let text = format!("{} is {} but {} only {} at {} ns", pair[0].0, pair[0].1, pair[1].0, pair[1].1, dump.ns);
            found("out-of-order", &dump.server, text)
        })
        .collect()
}

/// What survives a restart, and what only grows while a process lives.
const DURABLE: &[&str] = &["Term", "PurgedIndex", "SnapshotIndex"];
const RISING: &[&str] = &["Term", "CommitIndex", "AppliedIndex", "PurgedIndex", "SnapshotIndex"];

fn never_back(run: &RunData, server: &str, dumps: &[Dump]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pair in dumps.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if after.fresh {
            continue;
        }
        let restarted = before.boot != after.boot;
        // The commit index is not durable by itself: a restarted server learns it again.
        let keys = if restarted { DURABLE } else { RISING };
        for key in keys {
            let (Some(was), Some(is)) = (before.number(key), after.number(key)) else { continue };
            // What it cannot read any more, it has to do without; what is purged below stays in order.
            if *key == "SnapshotIndex" && rotten(run, server, before.ns, after.ns) {
                continue;
            }
            if is < was {
                let text = format!(
                    "{key} went from {was} back to {is} at {} ns{}",
                    after.ns,
                    if restarted { ", over a restart" } else { "" }
                );
                findings.push(found("went-back", server, text));
            }
        }
        findings.extend(vote_never_changes(server, before, after));
    }
    findings
}

/// Whether files of that server were damaged in between.
fn rotten(run: &RunData, server: &str, from: u64, to: u64) -> bool {
    let hit = |band: &Band| band.fault == "F11" && band.targets.iter().any(|target| target == server);
    run.nemesis.iter().any(|band| hit(band) && band.start_ns <= to && band.end_ns.is_none_or(|end| end >= from))
}

/// One vote a term: a server that voted for two in one term has forgotten its vote. That it follows, in the same term,
/// another than the one it voted for, because a quorum elected that one, is no second vote.
fn vote_never_changes(server: &str, before: &Dump, after: &Dump) -> Option<Finding> {
    let vote = |dump: &Dump| Some((dump.number("Term")?, dump.number("VotedFor")?));
    let ((term, node), (later_term, later_node)) = (vote(before)?, vote(after)?);
    let follows = !elected(before) && elected(after);
    let changed = later_term < term || (later_term == term && later_node != node && !follows);
    changed.then(|| {
        let text =
            format!("voted for {node} in term {term}, then for {later_node} in term {later_term} at {} ns", after.ns);
        found("vote-changed", server, text)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::{dumped, whats};

    fn check(dumps: &[(&str, u64, u64, Value)]) -> Verdict {
        Structure.check(&dumped(dumps))
    }

    #[test]
    fn a_sane_cluster_passes() {
        let body = |role: &str| {
            json!({"Term": 2, "Role": role, "VotedFor": 7, "LastLogTerm": 2, "LastLogIndex": 9, "CommitIndex": 9, "AppliedIndex": 8,
                "SnapshotIndex": 4, "PurgedIndex": 4})
        };
        let dumps = [("a", 1, 1, body("Leader")), ("b", 1, 1, body("Follower")), ("a", 2, 2, body("Follower"))];
        assert_eq!(check(&dumps), Verdict::True);
    }

    #[test]
    fn two_leaders_of_one_term_are_seen() {
        let body = |id: u64| json!({"ID": id, "Term": 2, "Role": "Leader"});
        assert_eq!(whats(&check(&[("a", 1, 1, body(1)), ("b", 5, 1, body(2))])), ["two-leaders"]);
        let follower = |elected: bool| json!({"ID": 3, "Term": 2, "VotedFor": 2, "VoteCommitted": elected});
        assert_eq!(whats(&check(&[("a", 1, 1, body(1)), ("c", 5, 1, follower(true))])), ["two-leaders"]);
        assert_eq!(check(&[("a", 1, 1, body(1)), ("c", 5, 1, follower(false))]), Verdict::True);
    }

    #[test]
    fn a_committed_entry_of_two_terms_is_seen() {
        let body = |term: u64| json!({"LastLogTerm": term, "LastLogIndex": 5, "CommitIndex": 5});
        assert_eq!(whats(&check(&[("a", 1, 1, body(1)), ("b", 1, 1, body(2))])), ["committed-changed"]);
    }

    #[test]
    fn what_is_durable_never_goes_back_even_over_a_restart() {
        let body = |term: u64, commit: u64| json!({"Term": term, "CommitIndex": commit});
        assert_eq!(whats(&check(&[("a", 1, 1, body(3, 9)), ("a", 2, 2, body(3, 5))])), [""; 0]);
        assert_eq!(whats(&check(&[("a", 1, 1, body(3, 9)), ("a", 2, 1, body(3, 5))])), ["went-back"]);
        assert_eq!(whats(&check(&[("a", 1, 1, body(3, 9)), ("a", 2, 2, body(2, 9))])), ["went-back"]);
    }

    #[test]
    fn a_server_whose_snapshot_rotted_may_have_an_older_one_but_not_less_of_the_log() {
        let body = |snapshot: u64, purged: u64| json!({"Term": 3, "SnapshotIndex": snapshot, "PurgedIndex": purged});
        let run = |purged, targets: &[&str]| {
            let mut run = dumped(&[("a", 10, 1, body(9, 5)), ("a", 20, 2, body(6, purged))]);
            let targets = targets.iter().map(|name| (*name).to_owned()).collect();
            run.nemesis =
                vec![Band { fault: "F11".to_owned(), targets, start_ns: 12, end_ns: Some(30), ..Band::default() }];
            Structure.check(&run)
        };
        assert_eq!(run(5, &["a"]), Verdict::True);
        assert_eq!(whats(&run(5, &["b"])), ["went-back"]);
        assert_eq!(whats(&run(4, &["a"])), ["went-back"]);
        assert_eq!(whats(&run(7, &["a"])), ["out-of-order"]);
    }

    #[test]
    fn a_forgotten_vote_is_seen() {
        let body = |term: u64, node: u64| json!({"Term": term, "VotedFor": node});
        assert_eq!(check(&[("a", 1, 1, body(3, 1)), ("a", 2, 2, body(4, 2))]), Verdict::True);
        assert_eq!(whats(&check(&[("a", 1, 1, body(3, 1)), ("a", 2, 2, body(3, 2))])), ["vote-changed"]);
        let mut elected = body(3, 2);
        elected["VoteCommitted"] = json!(true);
        assert_eq!(check(&[("a", 1, 1, body(3, 1)), ("a", 2, 2, elected.clone())]), Verdict::True);
        assert_eq!(whats(&check(&[("a", 1, 1, elected), ("a", 2, 2, body(3, 1))])), ["vote-changed"]);
    }

    #[test]
    fn disorder_within_a_server_and_two_clusters_are_seen() {
        assert_eq!(whats(&check(&[("a", 1, 1, json!({"AppliedIndex": 9, "CommitIndex": 8}))])), ["out-of-order"]);
        let body = |id: &str| json!({"Cluster": id});
        assert_eq!(whats(&check(&[("a", 1, 1, body("x")), ("b", 1, 1, body("y"))])), ["two-clusters"]);
    }

    #[test]
    fn silence_is_no_pass() {
        assert!(matches!(check(&[]), Verdict::Unknown(_)));
    }
}
