//! What the run was meant to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `config.json` of a run's folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    /// The scenario, e.g. `S1`.
    pub scenario: String,
    pub seed: u64,
    /// `weft`, `etcd` or `consul`.
    pub system: String,
    /// The servers of the start, by name.
    pub servers: Vec<String>,
    /// The servers of the end, where membership has changed meanwhile; none: those of the start.
    pub servers_at_end: Vec<String>,
    /// Workloads by name, e.g. `register`.
    pub workloads: Vec<String>,
    /// Faults that the scenario asked for, e.g. `F1`.
    pub faults: Vec<String>,
    /// Faults that must be seen both hitting and sparing the leader.
    pub both_leader_cases: Vec<String>,
    /// Checkers by name; empty: all that know the workloads.
    pub checkers: Vec<String>,
    /// When load began, the faults began, all was healed, and load ended.
    pub warm_up_ns: u64,
    pub faults_ns: u64,
    pub heal_ns: u64,
    pub end_ns: u64,
    /// How many `ok` each kind of operation needs while faults are in force.
    pub ok_under_faults: u64,
    /// Two election timeouts, in milliseconds: what C11 allows until there is a leader again.
    pub election_ms: u64,
    /// How long all members may take to become equal again.
    pub recovery_ms: u64,
    /// Whether faults stopped processes or bent clocks: then unfenced locks may overlap.
    pub pauses_or_clocks: bool,
    /// Programs and their versions.
    pub versions: BTreeMap<String, String>,
    /// Whatever else the harness wants on record.
    pub extra: Value,
}

impl RunConfig {
    /// Those whom the last reads must have asked.
    #[must_use]
    pub fn last_servers(&self) -> &[String] {
        if self.servers_at_end.is_empty() { &self.servers } else { &self.servers_at_end }
    }
}
