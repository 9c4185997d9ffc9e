//! Which workload meets which fault, and how often. W6, W9 and W11 come with what they test.

use super::Scenario;

/// When a cell is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// With every change, as part of `S1` to `S9`.
    Change,
    /// Every night.
    Night,
    /// In the soak only.
    Soak,
}

use Tier::{Change as X, Night as O, Soak as S};

/// The columns: a name and the faults that it stands for.
pub const FAULT_COLUMNS: [(&str, &[&str]); 12] = [
    ("F1 kill", &["kill", "kill-majority", "kill-all"]),
    ("F2 pause", &["pause"]),
    ("F3/4 partition", &["partition", "ring", "bridge", "one-way", "reset", "client-cut"]),
    ("F5 network", &["noise"]),
    ("F6 clock", &["clock-jump", "clock-skew", "clock-strobe", "clock-drift"]),
    ("F7 power", &["power", "power-all"]),
    ("F8/9 sync", &["sync-error", "sync-hang", "slow-disk"]),
    ("F10 full", &["full-disk"]),
    ("F11/12 rot", &["rot", "rot-wal", "torn"]),
    ("F13 member", &["replace", "wipe"]),
    ("F14 snapshot", &["transfer", "snapshot"]),
    ("F15 rolling", &["rolling"]),
];

/// The rows.
pub const WORKLOAD_ROWS: [&str; 8] = ["register", "set", "append", "watch", "catalog", "lock", "modes", "operator"];

/// One row a workload, one column a fault.
pub const MATRIX: [[Tier; 12]; 8] = [
    [X, O, X, X, O, X, X, X, X, O, X, O],
    [O, O, O, O, S, X, O, X, X, O, O, O],
    [X, O, X, O, O, X, O, O, O, X, O, O],
    [X, O, X, O, S, O, S, S, S, O, X, O],
    [X, O, O, O, S, O, S, S, S, O, X, O],
    [O, X, O, S, X, O, S, S, S, O, O, O],
    [O, X, X, O, O, S, S, S, S, O, O, S],
    [O, S, S, S, S, O, S, O, O, S, O, O],
];

/// A cell: one workload under one kind of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub workload: &'static str,
    pub faults: &'static [&'static str],
    pub tier: Tier,
}

/// All cells that some tier runs at least as often as `tier`.
#[must_use]
pub fn cells(tier: Tier) -> Vec<Cell> {
    let all = WORKLOAD_ROWS.iter().zip(MATRIX).flat_map(|(workload, row)| {
        let columns = FAULT_COLUMNS.iter().zip(row);
        columns.map(|((_, faults), tier)| Cell { workload, faults, tier })
    });
    all.filter(|cell| cell.tier as u8 <= tier as u8).collect()
}

impl Cell {
    /// The cell as a scenario of that length.
    #[must_use]
    pub fn scenario(&self, seconds: u64) -> Scenario {
        let name = format!("{}-{}", self.workload, self.faults.first().unwrap_or(&"none"));
        let mut scenario = Scenario::new(&name, "a cell of the matrix", &[self.workload], self.faults, seconds);
        scenario.disks = self.faults.iter().any(|fault| fault.starts_with("power") || *fault == "full-disk");
        scenario
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_hold_what_changes_hold_and_soaks_hold_everything() {
        let [change, night, soak] = [Tier::Change, Tier::Night, Tier::Soak].map(|tier| cells(tier).len());
        assert!(change < night && night < soak);
        assert_eq!(soak, 96);
    }

    #[test]
    fn every_column_names_faults_that_exist() {
        for (_, faults) in FAULT_COLUMNS {
            assert!(faults.iter().all(|fault| crate::nemesis::named(fault).is_some()));
        }
    }
}
