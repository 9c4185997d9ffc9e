//! C9: the same applied index is the same state, on every server and after every restart.

use std::collections::BTreeMap;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::RunData;

/// C9.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateHash;

impl Checker for StateHash {
    fn name(&self) -> &'static str {
        "C9-state-hash"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.config.system.is_empty() || run.config.system == "weft"
    }

    fn check(&self, run: &RunData) -> Verdict {
        let mut hashes: BTreeMap<u64, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for (server, dumps) in &run.dumps {
            for (index, hash) in dumps.iter().filter_map(|dump| dump.state_hash()) {
                let servers = hashes.entry(index).or_default().entry(hash).or_default();
                if !servers.contains(&server.as_str()) {
                    servers.push(server);
                }
            }
        }
        let differing = hashes.iter().filter(|(_, by_hash)| by_hash.len() > 1);
        let findings: Vec<Finding> = differing
            .map(|(index, by_hash)| Finding::new("states-differ", "", format!("at index {index}: {by_hash:?}"), []))
            .collect();
        let compared = hashes.values().filter(|by_hash| by_hash.values().any(|servers| servers.len() > 1)).count();
        if findings.is_empty() && compared == 0 {
            return Verdict::Unknown("no two servers were ever seen at the same index".to_owned());
        }
        Verdict::of(findings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::check::testing::{dumped, whats};

    fn at(index: u64, hash: &str) -> Value {
        json!({"StateIndex": index, "StateHash": hash})
    }

    #[test]
    fn one_index_has_one_hash() {
        let same = dumped(&[("a", 1, 1, at(5, "x")), ("b", 2, 1, at(5, "x")), ("b", 3, 1, at(6, "y"))]);
        assert_eq!(StateHash.check(&same), Verdict::True);
        let other = dumped(&[("a", 1, 1, at(5, "x")), ("b", 2, 1, at(5, "z"))]);
        assert_eq!(whats(&StateHash.check(&other)), ["states-differ"]);
        let restarted = dumped(&[("a", 1, 1, at(5, "x")), ("a", 2, 2, at(5, "z"))]);
        assert_eq!(whats(&StateHash.check(&restarted)), ["states-differ"]);
    }

    #[test]
    fn nothing_compared_is_no_pass() {
        assert!(matches!(StateHash.check(&dumped(&[("a", 1, 1, at(5, "x"))])), Verdict::Unknown(_)));
    }
}
