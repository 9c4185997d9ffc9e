//! The names under which this crate knows openraft's generic types.

use crate::answer::Answer;
use crate::machine::Machine;
use crate::request::Request;

openraft::declare_raft_types!(
    /// Standard Raft: one leader a term, servers numbered, commands as encoded envelopes.
    pub(crate) Types:
        D = Request,
        R = Answer,
        NodeId = u64,
        Node = crate::member::Server,
        LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>,
        AsyncRuntime = crate::runtime::Runtime,
);

pub(crate) type LeaderId = openraft::alias::CommittedLeaderIdOf<Types>;
pub(crate) type LogId = openraft::alias::LogIdOf<Types>;
pub(crate) type Vote = openraft::alias::VoteOf<Types>;
pub(crate) type Entry = openraft::alias::EntryOf<Types>;
pub(crate) type Payload = openraft::alias::PayloadOf<Types>;
pub(crate) type Membership = openraft::Membership<u64, crate::member::Server>;
pub(crate) type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub(crate) type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;
pub(crate) type Snapshot = openraft::alias::SnapshotOf<Types, crate::snapshot::SnapshotFile>;

/// openraft's handle on a running server.
pub(crate) type Consensus = openraft::Raft<Types, Machine>;
pub(crate) type Metrics = openraft::RaftMetrics<Types>;
