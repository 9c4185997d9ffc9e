//! Faults as bands of time. The nemesis writes them, coverage and the honest-age check read them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of `nemesis.jsonl`: a fault from when it was in force until it was healed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// `F1` to `F18`.
    pub fault: String,
    /// In words, e.g. `partition: leader in the minority`.
    pub what: String,
    /// The servers that it was aimed at.
    #[serde(default)]
    pub targets: Vec<String>,
    pub state: BandState,
    pub start_ns: u64,
    /// When it was healed; `None`: not before the end of the run.
    pub end_ns: Option<u64>,
    #[serde(default)]
    pub leader: LeaderCase,
    /// The directed links that carried nothing for the whole band.
    #[serde(default)]
    pub cut: Vec<Link>,
    /// What was observed of it: packets dropped, bytes lost, exit codes.
    #[serde(default)]
    pub observed: Value,
}

/// How far the fault got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandState {
    /// In force, and seen to change something.
    Installed,
    /// Not tried, for the reason given.
    Skipped(String),
    /// Tried; nobody knows whether it changed anything.
    Indeterminate(String),
    /// A line without a state proves nothing.
    #[default]
    Unknown,
}

/// Where the leader was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaderCase {
    /// The fault hit the leader (it was killed, or was in the minority).
    Hit,
    /// The fault spared the leader.
    Spared,
    /// The question makes no sense for this fault, or nobody knew the leader.
    #[default]
    Unknown,
}

/// One direction between two servers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    pub from: String,
    pub to: String,
}

impl Band {
    /// Whether it was in force at that time.
    #[must_use]
    pub fn covers(&self, ns: u64) -> bool {
        self.state == BandState::Installed && self.start_ns <= ns && self.end_ns.is_none_or(|end| ns < end)
    }
}
