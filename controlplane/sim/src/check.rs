//! What a simulation has found.

use std::fmt;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one, by its number.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// One simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub seed: u64,
    pub violations: Vec<Violation>,
    /// Operations that clients were answered.
    pub answered: u64,
    /// Operations whose outcome nobody knows.
    pub unknown: u64,
    /// What the nemesis did, in order.
    pub faults: Vec<String>,
    /// Writes that power cuts took back before they were safe.
    pub lost_writes: u64,
    /// How many terms had a leader.
    pub leaders: u64,
    /// How many committed entries were compared byte by byte.
    pub committed: u64,
    /// Two simulations of a seed that went the same way have the same.
    pub trace: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {} answered, {} unknown, {} faults, {} leaders, {} entries, {} writes lost in power cuts, trace {:016x}",
            self.seed,
            self.answered,
            self.unknown,
            self.faults.len(),
            self.leaders,
            self.committed,
            self.lost_writes,
            self.trace,
        )?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n  broken {violation}"))
    }
}
