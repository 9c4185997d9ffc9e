//! Where this server stands, for people and for readiness checks.

use std::collections::BTreeMap;

use openraft::{RaftMetrics, ServerState};

use crate::member::Server;
use crate::peers::Peers;
use crate::progress::Progress;
use crate::types::{LogId, Types};

/// The part that this server plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Leader,
    Candidate,
    Follower,
    /// Receives the log without a vote.
    Learner,
    ShutDown,
}

/// A server's position in the cluster and in its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub role: Role,
    pub term: u64,
    /// The last entry in the log, committed or not.
    pub last_log_index: u64,
    pub commit_index: u64,
    pub applied_index: u64,
    /// The last entry that the newest raft snapshot holds; 0 when there is none.
    pub last_snapshot_index: u64,
    pub leader: Option<u64>,
    /// Where the leader is reached.
    pub leader_address: Option<String>,
    /// The servers of the cluster.
    pub members: BTreeMap<u64, Server>,
    /// How often the log has been synced since the start.
    pub log_syncs: u64,
}

impl Status {
    pub(crate) fn new(metrics: &RaftMetrics<Types>, progress: &Progress, peers: &Peers) -> Self {
        let applied_index = progress.applied().max(index(metrics.last_applied));
        let commit_index = index(metrics.local_committed).max(applied_index);
        let mut members: BTreeMap<u64, Server> = BTreeMap::new();
        for (id, server) in metrics.membership_config.nodes() {
            let address = peers.address(*id, &server.address).address;
            members.insert(*id, Server { address, ..server.clone() });
        }
        Self {
            role: role(metrics.state),
            term: metrics.current_term,
            last_log_index: metrics.last_log_index.unwrap_or(0).max(commit_index),
            commit_index,
            applied_index,
            last_snapshot_index: index(metrics.snapshot),
            leader: metrics.current_leader,
            leader_address: metrics.current_leader.and_then(|id| members.get(&id)).map(|server| server.address.clone()),
            members,
            log_syncs: progress.syncs(),
        }
    }
}

fn role(state: ServerState) -> Role {
    match state {
        ServerState::Leader => Role::Leader,
        ServerState::Candidate => Role::Candidate,
        ServerState::Follower => Role::Follower,
        ServerState::Learner => Role::Learner,
        ServerState::Shutdown => Role::ShutDown,
    }
}

fn index(log_id: Option<LogId>) -> u64 {
    log_id.map_or(0, |log_id| log_id.index)
}
