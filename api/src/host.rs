//! What the API needs from the agent that serves it. The server crate implements these; the API knows
//! neither Raft nor xDS.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use weft_model::ca::{CaConfig, Leaf};
use weft_model::catalog::Node;
use weft_model::health::CheckStatus;
use weft_model::intention::DefaultPolicy;
use weft_model::{CheckId, ServiceName};
use weft_state::Store;

/// Everything that a handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub store: Arc<Store>,
    pub agent: Arc<AgentInfo>,
    pub checks: Arc<dyn LocalChecks>,
    pub authority: Arc<dyn Authority>,
    pub cluster: Arc<dyn Cluster>,
    pub proxies: Arc<dyn ProxyLedger>,
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
    pub grpc_port: u16,
    /// 0: off.
    pub grpc_tls_port: u16,
    pub dns_port: u16,
    pub dev_mode: bool,
    /// Ports for sidecars that name none, both ends included.
    pub sidecar_ports: (u16, u16),
    pub default_policy: DefaultPolicy,
    /// Envoy versions that the xDS server supports, newest first.
    pub envoy_versions: Vec<String>,
}

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
    /// The leader's server address, `host:port`.
    fn leader(&self) -> Option<String>;
    /// The server addresses of all voters.
    fn peers(&self) -> Vec<String>;
    /// `Stats` of `/v1/agent/self`: sections of texts.
    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>>;
}

/// What connected proxies have acknowledged.
pub trait ProxyLedger: Send + Sync {
    /// One object a proxy: id, types with versions sent and acknowledged, the last refusal.
    fn proxies(&self) -> Value;
}
