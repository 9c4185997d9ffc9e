//! What can change: one [`Command`] variant a write, and what its author hears back.
//!
//! A command carries everything that apply needs, its time and its random values included, so that
//! every server computes the same state from it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::acl::AclOp;
use crate::autopilot::AutopilotConfig;
use crate::ca::CaState;
use crate::catalog::Node;
use crate::config_entry::{ConfigEntry, Kind};
use crate::coordinate::NodeCoordinate;
use crate::event::UserEvent;
use crate::health::CheckStatus;
use crate::intention::{Action, Permission};
use crate::kv::{Key, KvOp};
use crate::names::{CheckId, NodeName, ServiceId, ServiceName};
use crate::prepared_query::PreparedQuery;
use crate::registration::Registration;
use crate::session::{Session, SessionId};
use crate::time::Timestamp;
use crate::txn::{TxnOp, TxnOutcome};

/// Identifies one mutation across retries, so that it is applied at most once. Ordered by origin, then
/// by the order of proposing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// One run of one server: a random number.
    pub origin: u64,
    /// Counts the mutations of that run.
    pub sequence: u64,
}

/// A command on its way through the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    pub id: RequestId,
    /// All mutations of this origin with a lower sequence have got their answers: none of them is ever
    /// sent again, so nobody needs to remember them.
    pub settled: u64,
    /// The proposer's time; the only time that apply knows.
    pub at: Timestamp,
    pub command: Command,
}

/// Every write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Adds or replaces a node, instances on it and checks, all or nothing.
    Register(Box<Registration>),
    /// Removes a node, an instance or a check; what is not there is not an error.
    Deregister { node: NodeName, target: Target },
    /// A new result of a check that exists.
    UpdateCheck { node: NodeName, check: CheckId, status: CheckStatus, output: String },
    /// Adds or replaces a config entry. `cas`: only if its modify index is this (0: only if absent).
    ConfigUpsert { entry: Box<ConfigEntry>, cas: Option<u64> },
    /// Removes a config entry. `cas`: only if its modify index is this.
    ConfigDelete { kind: Kind, name: String, cas: Option<u64> },
    /// Adds or replaces one source of a destination's intentions.
    IntentionUpsert(Box<IntentionWrite>),
    /// Removes one intention.
    IntentionDelete(IntentionKey),
    /// Replaces the CA when its state is still the one that the change was planned on.
    CaUpdate { expected_modify_index: u64, ca: Box<CaState> },
    /// Reserves the serial number of one leaf, before it is handed out.
    CaIssue { service: ServiceName },
    /// One write of a key or a tree of keys. Answered with [`Reply::Swapped`].
    Kv(KvOp),
    /// A new session; its id is the proposer's choice.
    SessionCreate(Box<Session>),
    /// Ends a session; what is not there is not an error.
    SessionDestroy(SessionId),
    /// Ends a session whose time has passed: void when it is another one, or somebody else keeps the
    /// time by now and may have heard of a renewal.
    SessionExpire { session: SessionId, modify_index: u64, keeper: Uuid },
    /// A key may be locked again: void when it was blocked anew since.
    LockDelayOver { key: Key, since: u64 },
    /// Whoever leads now keeps the time of sessions from here on, under this name.
    Timekeeper(Uuid),
    /// All operations at one index, or none. Answered with [`Reply::Txn`].
    Txn(Vec<TxnOp>),
    /// Forgets which keys were deleted up to this index.
    KvReap { upto: u64 },
    /// Replaces autopilot's settings. `cas`: only if their modify index is this.
    AutopilotSet { config: AutopilotConfig, cas: Option<u64> },
    /// A new prepared query; its id is the proposer's choice.
    QueryCreate(Box<PreparedQuery>),
    /// Replaces a prepared query that exists.
    QueryUpdate(Box<PreparedQuery>),
    /// Removes a prepared query that exists.
    QueryDelete(Uuid),
    /// New places of nodes; those of nodes that nobody knows are passed over.
    CoordinatesUpdate(Vec<NodeCoordinate>),
    /// These addresses, and no others, are the ones that somebody has chosen for a service; they are taken from whoever had
    /// them. Answered with [`Reply::Assigned`].
    VirtualIpsAssign { service: ServiceName, addresses: Vec<IpAddr> },
    /// Tells all agents of an event. Its time is given by the log.
    EventFire(Box<UserEvent>),
    /// A change of access control.
    Acl(Box<AclOp>),
    /// These servers, by their numbers, are about to be taken out of the cluster and never belong to it again.
    Retire(BTreeSet<u64>),
    /// A piece of a state to be restored. The first piece of another restore drops this one.
    RestoreChunk { id: Uuid, seq: u32, bytes: Bytes },
    /// Puts the state whose pieces have come in the place of what is there.
    RestoreCommit { id: Uuid, chunks: u32, sha256: [u8; 32] },
    /// A command that its client may send again under the same id, to whichever server: applied once, and
    /// answered as it was the first time.
    Once { id: Uuid, command: Box<Command> },
    /// Changes nothing. Every server takes the hash of its state here.
    Mark,
    /// Changes nothing. Every server compares the hash that it took at `index`.
    Verify { index: u64, hash: [u8; 32] },
}

/// What a [`Command::Deregister`] removes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// The node with all that is on it.
    Node,
    /// An instance, its checks, and the sidecar that came with it.
    Service(ServiceId),
    Check(CheckId),
}

/// Which intention is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IntentionKey {
    /// By both names.
    Exact { source: ServiceName, destination: ServiceName },
    /// By the UUID of the deprecated endpoints.
    Legacy(String),
}

/// An intention to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentionWrite {
    pub source: ServiceName,
    pub destination: ServiceName,
    pub action: Option<Action>,
    pub permissions: Vec<Permission>,
    pub description: String,
    pub form: IntentionForm,
}

/// Through which door an intention is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IntentionForm {
    /// By names; create or replace.
    Exact,
    /// Id-based create: refused when the pair exists. The id is made by the proposer.
    LegacyCreate { id: String, meta: crate::catalog::Meta },
    /// Id-based update of an existing intention.
    LegacyUpdate { id: String, meta: crate::catalog::Meta },
}

/// The answer to an accepted command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Applied (or had nothing to change).
    Done,
    /// Whether a compare-and-set condition held.
    Swapped(bool),
    /// The serial number reserved by [`Command::CaIssue`].
    Serial(u64),
    /// The results of a transaction, or the operations that failed.
    Txn(TxnOutcome),
    /// From which services addresses were taken by [`Command::VirtualIpsAssign`]; `None`: there is no such service.
    Assigned(Option<Vec<ServiceName>>),
}

/// Why a command was refused. Deterministic: every server computes the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplyError {
    /// What the command names does not exist.
    NotFound(String),
    /// The command does not fit the state.
    Refused(String),
    /// The state that the command was planned on has changed: plan again.
    Stale,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(text) | Self::Refused(text) => f.write_str(text),
            Self::Stale => f.write_str("the state has changed in the meantime"),
        }
    }
}

impl std::error::Error for ApplyError {}

impl Command {
    /// A registration of a node alone.
    #[must_use]
    pub fn register_node(node: Node) -> Self {
        Self::Register(Box::new(Registration { node, ..Registration::default() }))
    }
}
