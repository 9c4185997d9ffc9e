//! Scenarios as rows: which clients, which faults, how long. And the matrix of all pairs.

mod matrix;
mod table;

pub use matrix::{Cell, FAULT_COLUMNS, MATRIX, Tier, WORKLOAD_ROWS, cells};
pub use table::{SCENARIOS, named};

/// A row: what is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    pub what: String,
    pub servers: u8,
    /// By their names in `workload`.
    pub workloads: Vec<String>,
    /// By their names in `nemesis::FAULTS`.
    pub faults: Vec<String>,
    /// How long faults come and go.
    pub seconds: u64,
    /// How long one fault is held, in milliseconds, at least and at most.
    pub hold_ms: (u64, u64),
    /// The pause between two faults, in milliseconds.
    pub rest_ms: u64,
    /// How many faults at a time.
    pub tracks: usize,
    /// Faults that must be seen hitting and sparing the leader.
    pub both_leader_cases: Vec<String>,
    pub snapshot_threshold: u64,
    /// Disks of their own, where the host can.
    pub disks: bool,
}

impl Scenario {
    /// A row with the usual settings.
    #[must_use]
    pub fn new(name: &str, what: &str, workloads: &[&str], faults: &[&str], seconds: u64) -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            name: name.to_owned(),
            what: what.to_owned(),
            servers: 3,
            workloads: owned(workloads),
            faults: owned(faults),
            seconds,
            hold_ms: (1500, 4000),
            rest_ms: 1200,
            tracks: 1,
            both_leader_cases: Vec::new(),
            snapshot_threshold: 50,
            disks: false,
        }
    }

    fn both(mut self, faults: &[&str]) -> Self {
        self.both_leader_cases = faults.iter().map(|fault| (*fault).to_owned()).collect();
        self
    }

    fn hold(mut self, least_ms: u64, most_ms: u64) -> Self {
        self.hold_ms = (least_ms, most_ms);
        self
    }

    fn on_disks(mut self) -> Self {
        self.disks = true;
        self
    }

    /// The fault numbers that must take hold.
    #[must_use]
    pub fn fault_numbers(&self) -> Vec<String> {
        let numbers = self.faults.iter().filter_map(|name| crate::nemesis::named(name));
        let mut numbers: Vec<String> = numbers.map(|row| row.number.to_owned()).collect();
        numbers.sort();
        numbers.dedup();
        numbers
    }
}
