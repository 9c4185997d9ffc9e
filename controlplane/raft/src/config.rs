//! How a server's Raft is set up.

use std::path::PathBuf;
use std::time::Duration;

use openraft::SnapshotPolicy;
use weft_model::mutant::{Mutant, active};

use crate::error::StartError;

/// What [`Raft::start`](crate::Raft::start) needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where log and raft snapshots are kept. Without it nothing is kept: they go to a temporary
    /// directory, without syncs, which is removed at the end.
    pub data_dir: Option<PathBuf>,
    /// This server's number. Never reused in a cluster, and bound to the data directory.
    pub node_id: u64,
    /// Where other servers will reach this one, `HOST:PORT`.
    pub address: String,
    /// How often a leader shows that it is there.
    pub heartbeat: Duration,
    /// For this long after it has heard of a leader, a follower votes for nobody else. When between half
    /// and all of it has passed once more, drawn anew each time, it wants an election.
    pub election_timeout: Duration,
    /// A raft snapshot is written after this many entries.
    pub snapshot_after: u64,
    /// How many entries below a raft snapshot stay in the log, for followers that lag.
    pub log_kept: u64,
    /// How often the leader has all servers compare their states.
    pub verify_every: Duration,
    /// How long a proposal waits for a leader to be elected before it is given up as not applied.
    pub leader_patience: Duration,
    /// How long a proposal waits in all before its outcome is given up as unknown.
    pub propose_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: None,
            node_id: 1,
            address: "127.0.0.1:8300".to_owned(),
            heartbeat: Duration::from_millis(100),
            election_timeout: Duration::from_millis(400),
            snapshot_after: 16_384,
            log_kept: LOG_KEPT,
            verify_every: Duration::from_secs(300),
            leader_patience: Duration::from_secs(5),
            propose_timeout: Duration::from_secs(10),
        }
    }
}

/// openraft's core takes the log id of the next entry to apply for granted and panics when a purge
/// was faster (openraft issue 2116). A purge this far behind the state machine never is.
const LOG_KEPT: u64 = 50_000;

impl Config {
    /// The same with all that depends on the network's and the disks' pace made slower by a factor.
    #[must_use]
    pub fn with_multiplier(self, factor: f64) -> Self {
        let factor = factor.clamp(0.1, 100.0);
        Self {
            heartbeat: self.heartbeat.mul_f64(factor),
            election_timeout: self.election_timeout.mul_f64(factor),
            ..self
        }
    }

    pub(crate) fn openraft(&self) -> Result<openraft::Config, StartError> {
        let election = millis(self.election_timeout);
        let config = openraft::Config {
            cluster_name: "weft".to_owned(),
            heartbeat_interval: millis(self.heartbeat),
            election_timeout_min: election / 2,
            election_timeout_max: election,
            install_snapshot_timeout: 60_000,
            max_payload_entries: 512,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_after.max(1)),
            // What is kept behind a raft snapshot would stand in for one that M8 loses.
            max_in_snapshot_log_to_keep: if active(Mutant::M8) { 0 } else { self.log_kept },
            // A follower is sent a raft snapshot only when it lags by more than this: more than what the
            // log still has.
            replication_lag_threshold: self.log_kept.saturating_mul(2).max(1),
            // A server that was cut off must not depose a working leader when it returns.
            enable_pre_vote: Some(true),
            // Leading on after a restart would skip the new term that shows every entry of the old
            // one to be committed.
            enable_leader_restore: Some(false),
            ..openraft::Config::default()
        };
        config.validate().map_err(|error| StartError::Config(error.to_string()))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
