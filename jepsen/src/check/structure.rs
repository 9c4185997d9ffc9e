//! C8: what servers say about themselves fits together: one leader a term, committed entries never change,
//! nothing durable goes back, and everything is in its order.
//!
//! A dump's body has `Term`, `Role`, `VotedFor`, `Cluster`, `LastLogTerm`, `LastLogIndex`, `CommitIndex`, `AppliedIndex`, `SnapshotIndex` and
//! `PurgedIndex`; whatever is missing is not judged.

use std::collections::BTreeMap;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Dump, RunData};

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
            findings.extend(never_back(server, dumps));
        }
        Verdict::of(findings)
    }
}

fn found(what: &str, server: &str, text: String) -> Finding {
    Finding::new(what, server, text, [])
}

fn one_leader_a_term(dumps: &[&Dump]) -> Vec<Finding> {
    let mut leaders: BTreeMap<u64, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for dump in dumps.iter().filter(|dump| dump.leads()) {
        let Some(term) = dump.number("Term") else { continue };
        let first = leaders.entry(term).or_insert(&dump.server);
        if *first != dump.server {
            findings.push(found(
                "two-leaders",
                &dump.server,
                format!("{first} and {} both lead term {term}", dump.server),
            ));
        }
    }
    findings
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

fn never_back(server: &str, dumps: &[Dump]) -> Vec<Finding> {
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

/// One vote a term: a server that voted for two in one term has forgotten its vote.
fn vote_never_changes(server: &str, before: &Dump, after: &Dump) -> Option<Finding> {
    let vote = |dump: &Dump| Some((dump.number("Term")?, dump.number("VotedFor")?));
    let ((term, node), (later_term, later_node)) = (vote(before)?, vote(after)?);
    let changed = later_term < term || (later_term == term && later_node != node);
    changed.then(|| {
        let text =
            format!("voted for {node} in term {term}, then for {later_node} in term {later_term} at {} ns", after.ns);
        found("vote-changed", server, text)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        let body = json!({"Term": 2, "Role": "Leader"});
        assert_eq!(whats(&check(&[("a", 1, 1, body.clone()), ("b", 5, 1, body)])), ["two-leaders"]);
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
    fn a_forgotten_vote_is_seen() {
        let body = |term: u64, node: u64| json!({"Term": term, "VotedFor": node});
        assert_eq!(check(&[("a", 1, 1, body(3, 1)), ("a", 2, 2, body(4, 2))]), Verdict::True);
        assert_eq!(whats(&check(&[("a", 1, 1, body(3, 1)), ("a", 2, 2, body(3, 2))])), ["vote-changed"]);
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
