//! What the API needs from the agent that serves it. The server crate implements these; the API knows
//! neither Raft nor xDS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Level;
use uuid::Uuid;
use weft_model::ca::{CaConfig, Leaf};
use weft_model::catalog::Node;
use weft_model::health::CheckStatus;
use weft_model::intention::DefaultPolicy;
use weft_model::registration::Registration;
use weft_model::secret::Secret;
use weft_model::{CheckId, NodeName, ServiceName, Timestamp};
use weft_state::Store;

use crate::access::AccessControl;
use crate::archive::SealKey;
use crate::meter::{Meter, Telemetry};
use crate::terms::Terms;

/// Everything that a handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub store: Arc<Store>,
    pub agent: Arc<AgentInfo>,
    pub checks: Arc<dyn LocalChecks>,
    pub authority: Arc<dyn Authority>,
    pub cluster: Arc<dyn Cluster>,
    pub proxies: Arc<dyn ProxyLedger>,
    pub access: Arc<dyn AccessControl>,
    pub reload: Arc<dyn Reload>,
    pub logs: Arc<dyn Logs>,
    pub meter: Arc<Meter>,
}

/// What this agent says of itself.
#[derive(Clone, Debug)]
pub struct AgentInfo {
    /// The agent's own node, as registered in the catalog.
    pub node: Node,
    pub version: String,
    pub revision: String,
    /// Where servers talk to this one, `host:port`.
    pub server_address: String,
    pub http_port: u16,
    /// 0: off.
    pub https_port: u16,
    /// 0: off.
    pub grpc_port: u16,
    /// 0: off.
    pub grpc_tls_port: u16,
    /// 0: off.
    pub dns_port: u16,
    /// What names in DNS end with.
    pub dns_domain: String,
    pub dev_mode: bool,
    /// Whether clients may register checks that run commands.
    pub remote_scripts: bool,
    /// Of a longer output this many bytes are kept.
    pub check_output_max: usize,
    /// Ports for sidecars that name none, both ends included.
    pub sidecar_ports: (u16, u16),
    pub default_policy: DefaultPolicy,
    /// How long requests wait, and how much they carry.
    pub terms: Terms,
    /// How metrics are told.
    pub telemetry: Telemetry,
    /// Envoy versions that the xDS server supports, newest first.
    pub envoy_versions: Vec<String>,
}

/// The agent's configuration files.
pub trait Reload: Send + Sync {
    /// Reads them again and takes over what has changed. The text of a refusal names all faults; with them
    /// nothing changes.
    fn reload(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// The agent's log.
pub trait Logs: Send + Sync {
    /// Its lines from now on, of this level and above, each as text or as a JSON object.
    ///
    /// # Errors
    /// As many follow it as may.
    fn follow(&self, level: Level, json: bool) -> Result<BoxStream<'static, Bytes>, TooManyFollowers>;
}

/// The log is followed by as many as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Too many clients follow the log of this agent")]
pub struct TooManyFollowers;

/// The checks that this agent runs.
pub trait LocalChecks: Send + Sync {
    /// A result for a TTL check of this agent. Restarts its timer; writes to the log only when status or
    /// output changed. Returns when the result is visible.
    fn heartbeat(
        &self,
        check: CheckId,
        status: CheckStatus,
        output: String,
    ) -> BoxFuture<'_, Result<(), HeartbeatError>>;

    /// Somebody with this token is about to register this with the agent. A client agent needs the token again
    /// when it brings the registration to the servers; a server has no use for it.
    fn registering(&self, _registration: &Registration, _token: &Secret) {}
}

/// Why a heartbeat was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// This agent has no such check.
    #[error("Unknown check ID {0:?}. Ensure that the check ID is passed, not the check name.")]
    Unknown(String),
    /// The check is run by the agent.
    #[error("CheckID {0:?} does not have associated TTL")]
    NotTtl(String),
    /// The result could not be written.
    #[error("{0}")]
    Unavailable(String),
}

/// A leaf with the index under which blocking queries know it.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuedLeaf {
    pub leaf: Arc<Leaf>,
    /// Moves when the leaf is renewed.
    pub index: u64,
    /// When it was first issued, for `CreateIndex`.
    pub create_index: u64,
}

/// The certificate authority as an agent uses it.
pub trait Authority: Send + Sync {
    /// The current leaf of a service, issued when there is none. Kept renewed from then on.
    fn leaf(&self, service: ServiceName) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>>;

    /// Waits until the leaf of a service has an index above `index`.
    fn leaf_after(&self, service: ServiceName, index: u64) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>>;

    /// Changes the CA's configuration; rotates the root where the change asks for it.
    fn configure(&self, config: CaConfig) -> BoxFuture<'_, Result<(), AuthorityError>>;
}

/// Why the authority refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The request is at fault.
    #[error("{0}")]
    Invalid(String),
    /// Try again later.
    #[error("{0}")]
    Unavailable(String),
}

/// The cluster of servers, as far as this agent knows.
pub trait Cluster: Send + Sync {
    /// Whether this agent is one of the servers.
    fn is_server(&self) -> bool {
        true
    }

    /// The leader's server address, `host:port`.
    fn leader(&self) -> Option<String>;

    /// The server addresses of all voters.
    fn peers(&self) -> Vec<String>;

    /// `Stats` of `/v1/agent/self`: sections of texts.
    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>>;

    /// Returns when the state here is at least as new as this call: what was answered anywhere before
    /// it can be read here.
    fn read_index(&self) -> BoxFuture<'_, Result<(), NoLeader>>;

    /// How far this server's state may lie behind.
    fn contact(&self) -> Contact;

    /// The agents of this datacenter.
    fn members(&self) -> Vec<Member>;

    /// Who votes, and who only receives the log.
    fn raft_configuration(&self, knower: Knower) -> BoxFuture<'_, Result<RaftConfiguration, ClusterError>>;

    /// Takes a server out of the cluster, whether it answers or not.
    fn remove_peer(&self, peer: PeerRef) -> BoxFuture<'_, Result<(), ClusterError>>;

    /// Lets another voter lead: the one with this server id, or any.
    fn transfer_leader(&self, to: Option<String>) -> BoxFuture<'_, Result<(), ClusterError>>;

    /// Asks the server at this address to be taken in, or to be let in there.
    fn join(&self, address: String) -> BoxFuture<'_, Result<(), ClusterError>>;

    /// Leaves the cluster. Afterwards the agent ends.
    fn leave(&self) -> BoxFuture<'_, Result<(), ClusterError>>;

    /// Makes a failed member one that has left; `prune` forgets it.
    fn force_leave(&self, node: NodeName, prune: bool) -> BoxFuture<'_, Result<(), ClusterError>>;

    /// How each server does in the leader's eyes.
    fn autopilot_health(&self) -> BoxFuture<'_, Result<AutopilotHealth, ClusterError>>;

    /// Restarts a session's time to live on the leader. Whether there is such a session.
    fn renew_session(&self, session: Uuid) -> BoxFuture<'_, Result<bool, ClusterError>>;

    /// What snapshots are sealed with, where there is a join secret.
    fn seal_key(&self) -> Option<SealKey> {
        None
    }

    /// What the tests of the cluster look at; promised to nobody.
    fn debug(&self) -> Value;
}

/// No leader answered in time; nothing is known to have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("No cluster leader")]
pub struct NoLeader;

/// How far a server's state may lie behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    pub known_leader: bool,
    /// Since the leader was last heard of; zero on the leader itself.
    pub last_contact: Duration,
}

/// An agent, as Consul's clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: NodeName,
    pub address: String,
    pub port: u16,
    pub tags: BTreeMap<String, String>,
    pub status: MemberStatus,
}

/// Whether a member is there. The numbers are Consul's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberStatus {
    Alive = 1,
    Left = 3,
    Failed = 4,
}

impl MemberStatus {
    /// Consul's number.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Consul's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Left => "left",
            Self::Failed => "failed",
        }
    }
}

/// The servers of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftConfiguration {
    pub servers: Vec<RaftServer>,
    /// Of the log entry that made it so.
    pub index: u64,
}

/// A server of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftServer {
    /// The node's id.
    pub id: String,
    /// The number under which it votes.
    pub raft_id: u64,
    pub node: String,
    pub address: String,
    pub leader: bool,
    pub voter: bool,
    /// The last entry that it is known to have; 0 when that is not known.
    pub last_index: u64,
}

/// Whose word is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knower {
    /// The leader's; without one there is no answer.
    Leader,
    /// This server's, which may be behind.
    Here,
}

/// How a request names a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerRef {
    /// By its node's id.
    Id(String),
    /// By its server address, `host:port`.
    Address(String),
}

/// How the servers do, as the leader sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AutopilotHealth {
    pub healthy: bool,
    /// How many voters more may fail.
    pub failure_tolerance: u32,
    pub servers: Vec<ServerHealth>,
}

/// How a server does, as the leader sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerHealth {
    /// The node's id.
    pub id: String,
    pub name: String,
    pub address: String,
    pub status: MemberStatus,
    pub version: String,
    pub leader: bool,
    /// `None`: never heard of since this leader leads.
    pub last_contact: Option<Duration>,
    pub last_term: u64,
    pub last_index: u64,
    pub healthy: bool,
    pub voter: bool,
    pub read_replica: bool,
    /// Since when `healthy` is what it is.
    pub stable_since: Timestamp,
}

/// Why the cluster was not changed or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    #[error("No cluster leader")]
    NoLeader,
    /// It cannot be done.
    #[error("{0}")]
    Refused(String),
    /// It names something that there is not.
    #[error("{0}")]
    NotFound(String),
    /// It may work later, or may have worked.
    #[error("{0}")]
    Unavailable(String),
}

/// What connected proxies have acknowledged.
pub trait ProxyLedger: Send + Sync {
    /// One object a proxy: id, types with versions sent and acknowledged, the last refusal.
    fn proxies(&self) -> Value;
}
