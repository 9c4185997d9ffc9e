//! Which mistake must be caught by which judge, in which scenario. The self-test runs each line; a line whose judge stays silent
//! says that the harness is broken.

use crate::check::{Judged, Verdict};

/// One mistake (or one foreign system) and the judge that must object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The name of the mutant, as `WEFT_MUTANT` takes it.
    pub mutant: &'static str,
    /// What it does wrong.
    pub mistake: &'static str,
    /// The scenario whose faults bring it to light.
    pub scenario: &'static str,
    /// The judge that must say false, by the beginning of its name.
    pub judge: &'static str,
    /// Tried on every change, or every night.
    pub every_change: bool,
}

const fn proof(mutant: &'static str, mistake: &'static str, scenario: &'static str, judge: &'static str) -> Proof {
    Proof { mutant, mistake, scenario, judge, every_change: false }
}

const fn each(proof: Proof) -> Proof {
    Proof { every_change: true, ..proof }
}

/// The mistakes that are built into the feature `mutants`. Scenarios beside `S1` to `S9`: `clock` is W1 under clock jumps while the
/// leader is cut off, `wake` W4 with calm between leader changes, `reconnect` W1 while links flap, `rot` W2 on two servers of which one
/// has missed what the other has lost, `operator` is W10 alone, because restores take every key back. M6, a cut of the log that is
/// not kept in order, needs a crash in the moments between the cut and the first entries after it: simulated clusters crash there,
/// real ones are hardly ever hit. Those on authorization and certificates (M15, M16) come with W6.
pub const MUTANTS: [Proof; 17] = [
    each(proof("M1", "an appended entry counts before it is synced", "S2", "C2")),
    proof("M2", "a vote counts before it is synced", "S2", "C8"),
    proof("M3", "a write is acknowledged before it is committed", "S1", "C1"),
    each(proof("M4", "a read does not ask the quorum", "S1", "C1")),
    proof("M5", "a read trusts a lease on the wall clock", "clock", "C1"),
    proof("M7", "a raft snapshot is taken for the current one before it is durable", "S2", "C9"),
    proof("M8", "the log is purged before the raft snapshot is synced", "S2", "C11"),
    proof("M9", "applying an entry looks at the clock", "S1", "C9"),
    proof("M10", "applying an entry depends on the order of a hash map", "S1", "C9"),
    proof("M11", "the table of applied request ids is missing in snapshots", "S2", "C3"),
    proof("M12", "a waiter is registered after it has checked", "wake", "C4"),
    each(proof("M13", "an event is dropped when the leader changes", "wake", "C4")),
    proof("M14", "a session's timer is not started again in full", "S4", "C5"),
    proof("M17", "one vote less than a majority is taken for one", "S1", "C8"),
    proof("M18", "a restore sets the index back", "operator", "C7"),
    proof("M19", "a damaged log is opened as far as it can be read", "rot", "C2"),
    proof("M20", "a task is left behind by each reconnect", "reconnect", "C10"),
];

impl Proof {
    /// Whether the named judge objected. Others may have, too; that does not count.
    #[must_use]
    pub fn caught(&self, judged: &[Judged]) -> bool {
        let named = |judged: &&Judged| is(&judged.checker, self.judge);
        judged.iter().filter(named).any(|judged| matches!(judged.verdict, Verdict::False(_)))
    }
}

/// `C1` names `C1-linearizable` but not `C10-process`.
fn is(checker: &str, judge: &str) -> bool {
    checker.split('-').next() == Some(judge)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::all;

    #[test]
    fn every_named_judge_exists_and_no_mutant_is_named_twice() {
        let judges = all();
        for proof in MUTANTS {
            assert!(
                judges.iter().any(|checker| is(checker.name(), proof.judge)),
                "{} of {}",
                proof.judge,
                proof.mutant
            );
        }
        let names: BTreeSet<&str> = MUTANTS.iter().map(|proof| proof.mutant).collect();
        assert_eq!(names.len(), MUTANTS.len());
    }

    #[test]
    fn only_the_named_judge_counts() {
        let said = |checker: &str, verdict| Judged { checker: checker.to_owned(), verdict, took_ms: 0 };
        let m4 = MUTANTS.iter().find(|proof| proof.mutant == "M4").copied();
        let caught = |judged: &[Judged]| m4.is_some_and(|proof| proof.caught(judged));
        assert!(caught(&[said("C1-linearizable", Verdict::False(Vec::new()))]));
        assert!(!caught(&[said("C1-linearizable", Verdict::Unknown(String::new()))]));
        assert!(!caught(&[said("C10-process", Verdict::False(Vec::new()))]));
    }
}
