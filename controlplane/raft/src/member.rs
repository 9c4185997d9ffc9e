//! The servers of a cluster, as its membership says and as this server sees them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::status::Status;

/// A server, as the membership in the log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// Its node's name.
    pub name: String,
    /// Its node's id, a UUID.
    pub server_id: String,
    /// Where the other servers reach it, `HOST:PORT`.
    #[serde(alias = "addr")]
    pub address: String,
    /// It never votes.
    pub read_replica: bool,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// A server of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The server's number.
    pub id: u64,
    /// Where it is reached; see [`Raft::set_address`](crate::Raft::set_address).
    pub server: Server,
    /// Where it is by the membership in the log.
    pub recorded_address: String,
    pub voter: bool,
    pub leader: bool,
    /// How long ago it last answered the leader. Known on the leader only.
    pub last_contact: Option<Duration>,
    /// Up to where its log is known to be the leader's. Known on the leader only.
    pub matched: Option<u64>,
}

/// The cluster, as this server knows it: all of one look, but for the end of the log, which is looked at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterState {
    /// Where this server stands.
    pub status: Status,
    /// Whether this server belongs to a cluster at all.
    pub initialized: bool,
    /// Whom this server voted for in its term.
    pub voted_for: Option<u64>,
    /// Whether that candidate is known to have won.
    pub vote_committed: bool,
    /// For how long this server has led, if it does.
    pub leads_for: Option<Duration>,
    /// In order of their numbers.
    pub members: Vec<Member>,
    /// The log index of the membership.
    pub config_index: u64,
    /// A change of the membership is under way: there are two sets of voters, or the last change is not
    /// known to be committed, so that those who do not have it yet still go by what was before.
    pub changing: bool,
    pub last_log_term: u64,
    pub last_log_index: u64,
}

/// When this server last knew of a working leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    pub leader: Option<u64>,
    pub known_leader: bool,
    /// Zero on the leader.
    pub last_contact: Duration,
}
