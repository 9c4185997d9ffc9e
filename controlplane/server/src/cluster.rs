//! The cluster as this agent sees it: one server, itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use uuid::Uuid;
use weft_api::host::{
    AutopilotHealth, Cluster, ClusterError, Contact, Member, NoLeader, PeerRef, RaftConfiguration, RaftServer,
};
use weft_model::NodeName;
use weft_raft::{Raft, Role, Status};
use weft_state::{StateView, Store};

use crate::{REVISION, VERSION};

/// The number of the only server.
pub(crate) const SERVER_ID: u64 = 1;

/// Answers from Raft's own view of itself.
pub(crate) struct LocalCluster {
    pub(crate) raft: Arc<Raft>,
    pub(crate) store: Arc<Store>,
    pub(crate) node: NodeName,
    /// The node's id.
    pub(crate) id: String,
    /// Where servers reach this one.
    pub(crate) address: String,
}

impl Cluster for LocalCluster {
    fn leader(&self) -> Option<String> {
        self.raft.status().leader.map(|_| self.address.clone())
    }

    fn peers(&self) -> Vec<String> {
        vec![self.address.clone()]
    }

    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let status = self.raft.status();
        let leader = status.leader.map_or_else(String::new, |_| self.address.clone());
        BTreeMap::from([
            ("agent".to_owned(), self.agent()),
            ("build".to_owned(), section([("version", VERSION.to_owned()), ("revision", REVISION.to_owned())])),
            (
                "consul".to_owned(),
                section([
                    ("acl", "disabled".to_owned()),
                    ("bootstrap", "true".to_owned()),
                    ("known_datacenters", "1".to_owned()),
                    ("leader", (status.role == Role::Leader).to_string()),
                    ("leader_addr", leader),
                    ("server", "true".to_owned()),
                ]),
            ),
            ("raft".to_owned(), raft(&status)),
            ("runtime".to_owned(), runtime()),
        ])
    }

    fn read_index(&self) -> BoxFuture<'_, Result<(), NoLeader>> {
        let leads = self.raft.status().role == Role::Leader;
        // It is alone: what it has applied is all there is.
        Box::pin(async move { if leads { Ok(()) } else { Err(NoLeader) } })
    }

    fn contact(&self) -> Contact {
        Contact { known_leader: self.raft.status().leader.is_some(), last_contact: Duration::ZERO }
    }

    fn members(&self) -> Vec<Member> {
        vec![]
    }

    fn raft_configuration(&self) -> BoxFuture<'_, Result<RaftConfiguration, ClusterError>> {
        let status = self.raft.status();
        let server = RaftServer {
            id: self.id.clone(),
            raft_id: SERVER_ID,
            node: self.node.to_string(),
            address: self.address.clone(),
            leader: status.role == Role::Leader,
            voter: true,
            last_index: status.last_log_index,
        };
        Box::pin(async move { Ok(RaftConfiguration { servers: vec![server], index: 1 }) })
    }

    fn remove_peer(&self, peer: PeerRef) -> BoxFuture<'_, Result<(), ClusterError>> {
        let refusal = match peer {
            PeerRef::Id(id) if id == self.id => alone(),
            PeerRef::Address(address) if address == self.address => alone(),
            PeerRef::Id(id) => ClusterError::NotFound(format!("id {id:?} was not found in the Raft configuration")),
            PeerRef::Address(address) => {
                ClusterError::NotFound(format!("address {address:?} was not found in the Raft configuration"))
            }
        };
        Box::pin(async { Err(refusal) })
    }

    fn transfer_leader(&self, _: Option<String>) -> BoxFuture<'_, Result<(), ClusterError>> {
        Box::pin(async { Err(alone()) })
    }

    fn join(&self, _: String) -> BoxFuture<'_, Result<(), ClusterError>> {
        Box::pin(async { Err(alone()) })
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), ClusterError>> {
        Box::pin(async { Err(alone()) })
    }

    fn force_leave(&self, node: NodeName, _: bool) -> BoxFuture<'_, Result<(), ClusterError>> {
        Box::pin(async move { Err(ClusterError::NotFound(format!("agent: No node found with name '{node}'"))) })
    }

    fn autopilot_health(&self) -> BoxFuture<'_, Result<AutopilotHealth, ClusterError>> {
        Box::pin(async { Err(alone()) })
    }

    fn renew_session(&self, _: Uuid) -> BoxFuture<'_, Result<bool, ClusterError>> {
        Box::pin(async { Ok(false) })
    }

    fn debug(&self) -> Value {
        Value::Null
    }
}

fn alone() -> ClusterError {
    ClusterError::Refused("this server is the only one".to_owned())
}

impl LocalCluster {
    fn agent(&self) -> BTreeMap<String, String> {
        let state = self.store.current();
        let view = StateView::new(&state);
        let checks = view.node_checks(&self.node);
        let count = |kind: &str| checks.iter().filter(|check| check.value.kind == kind).count();
        let polled = count("tcp") + count("http");
        section([
            ("check_monitors", polled.to_string()),
            ("check_ttls", count("ttl").to_string()),
            ("checks", checks.len().to_string()),
            ("services", view.node_services(&self.node).len().to_string()),
        ])
    }
}

fn raft(status: &Status) -> BTreeMap<String, String> {
    let state = match status.role {
        Role::Leader => "Leader",
        Role::Candidate => "Candidate",
        Role::Follower | Role::Learner => "Follower",
        Role::ShutDown => "Shutdown",
    };
    section([
        ("applied_index", status.applied_index.to_string()),
        ("commit_index", status.commit_index.to_string()),
        ("last_log_index", status.last_log_index.to_string()),
        ("last_snapshot_index", status.last_snapshot_index.to_string()),
        ("log_syncs", status.log_syncs.to_string()),
        ("num_peers", "0".to_owned()),
        ("state", state.to_owned()),
        ("term", status.term.to_string()),
    ])
}

fn runtime() -> BTreeMap<String, String> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    section([
        ("arch", std::env::consts::ARCH.to_owned()),
        ("cpu_count", cpus.to_string()),
        ("os", std::env::consts::OS.to_owned()),
    ])
}

fn section<const N: usize>(entries: [(&str, String); N]) -> BTreeMap<String, String> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
