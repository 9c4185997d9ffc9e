//! The cluster as this server sees it, and what can be done to it here.

mod debug;
mod leader;
mod members;
mod stats;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;
use weft_api::archive::SealKey;
use weft_api::host::{
    AutopilotHealth, Cluster, ClusterError, Contact, Knower, Member, MemberStatus, NoLeader, PeerRef, RaftConfiguration,
};
use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{ApplyError, Command, NodeName, SessionId};
use weft_raft::{ClusterState, Raft};
use weft_state::{ProposeError, StateView, Store};

use crate::config::join;
use crate::formation::Formation;
use crate::presence::Departure;
pub(crate) use leader::serve;

/// How long a server that ends may take to let another one lead.
const HAND_OVER_MAX: Duration = Duration::from_secs(3);

/// How long it may take to tell them so.
const ANNOUNCE_MAX: Duration = Duration::from_secs(1);

/// This server's view. Clones are the same one.
#[derive(Clone)]
pub(crate) struct LocalCluster {
    pub(crate) raft: Arc<Raft>,
    pub(crate) raft_id: u64,
    pub(crate) store: Arc<Store>,
    pub(crate) node: Arc<Node>,
    pub(crate) formation: Formation,
    pub(crate) expect: u32,
    pub(crate) departure: Departure,
    pub(crate) seal_key: Option<SealKey>,
}

impl Cluster for LocalCluster {
    fn leader(&self) -> Option<String> {
        self.raft.status().leader_address
    }

    fn peers(&self) -> Vec<String> {
        let members = self.raft.cluster_state().members;
        members.into_iter().filter(|member| member.voter).map(|member| member.server.address).collect()
    }

    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let state = self.store.current();
        stats::sections(&self.raft.cluster_state(), &StateView::new(&state), &self.node.name, self.expect)
    }

    fn read_index(&self) -> BoxFuture<'_, Result<(), NoLeader>> {
        async {
            match self.raft.read_index().await {
                Ok(_) => Ok(()),
                Err(error) => {
                    tracing::debug!(%error, "a read could not be made sure of");
                    Err(NoLeader)
                }
            }
        }
        .boxed()
    }

    fn contact(&self) -> Contact {
        let weft_raft::Contact { known_leader, last_contact, .. } = self.raft.contact();
        Contact { known_leader, last_contact }
    }

    fn members(&self) -> Vec<Member> {
        members::of(&StateView::new(&self.store.current()))
    }

    fn raft_configuration(&self, knower: Knower) -> BoxFuture<'_, Result<RaftConfiguration, ClusterError>> {
        match knower {
            Knower::Leader => leader::configuration(&self.raft).boxed(),
            Knower::Here => ready(Ok(leader::of_state(&self.raft.cluster_state()))).boxed(),
        }
    }

    fn remove_peer(&self, peer: PeerRef) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move {
            let id = find(&self.raft.cluster_state(), &peer)?;
            self.raft.remove(id).await.map_err(leader::failed)
        }
        .boxed()
    }

    fn transfer_leader(&self, to: Option<String>) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move {
            let state = self.raft.cluster_state();
            let to = to.map(|id| find(&state, &PeerRef::Id(id))).transpose()?;
            self.raft.transfer_leader(to).await.map_err(leader::failed)
        }
        .boxed()
    }

    fn join(&self, address: String) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move {
            let joined = match join::address(&address) {
                Ok(address) => self.formation.join(address).await,
                Err(why) => Err(why),
            };
            joined.map_err(|why| not_joined(&address, &why))
        }
        .boxed()
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), ClusterError>> {
        let this = self.clone();
        // In a task of its own: a caller that gives up must not leave it half gone.
        let leaving = tokio::spawn(async move { this.go().await });
        async { leaving.await.map_err(|error| ClusterError::Unavailable(error.to_string()))? }.boxed()
    }

    fn force_leave(&self, node: NodeName, _prune: bool) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move {
            let unknown = || ClusterError::NotFound(format!("agent: No node found with name '{node}'"));
            let member = self.members().into_iter().find(|member| member.name == node);
            let placed =
                self.raft.cluster_state().members.into_iter().find(|member| node == *member.server.name.as_str());
            if member.is_none() && placed.is_none() {
                return Err(unknown());
            }
            let is_alive = member.is_some_and(|member| member.status == MemberStatus::Alive);
            // One that said that it restarts is alive in the catalog for a while.
            let has_failed = match &placed {
                Some(placed) => self.has_failed(placed).await,
                None => false,
            };
            if is_alive && !has_failed {
                return Err(ClusterError::Refused(format!("agent: node '{node}' is alive: it can leave by itself")));
            }
            if let Some(placed) = placed {
                self.raft.remove(placed.id).await.map_err(leader::failed)?;
            }
            self.deregister(node).await
        }
        .boxed()
    }

    fn autopilot_health(&self) -> BoxFuture<'_, Result<AutopilotHealth, ClusterError>> {
        leader::health(&self.raft).boxed()
    }

    fn renew_session(&self, session: Uuid) -> BoxFuture<'_, Result<bool, ClusterError>> {
        leader::renew(&self.raft, SessionId(session)).boxed()
    }

    fn seal_key(&self) -> Option<SealKey> {
        self.seal_key.clone()
    }

    fn debug(&self) -> Value {
        debug::document(self.raft_id, &self.raft.cluster_state(), &self.formation.standing(), &self.store.current())
    }
}

impl LocalCluster {
    /// Says that this server means to come back: what runs on its node goes on meanwhile, and is not gone.
    pub(crate) async fn announce_restart(&self) {
        let others = self.raft.cluster_state().members.iter().any(|member| member.id != self.raft_id);
        if !others || !self.departure.is_staying() {
            return;
        }
        let command = Command::UpdateCheck {
            node: self.node.name.clone(),
            check: SERF_HEALTH.into(),
            status: CheckStatus::Passing,
            output: crate::node::RESTARTING.to_owned(),
        };
        if !matches!(timeout(ANNOUNCE_MAX, self.store.propose(command)).await, Ok(Ok(_))) {
            tracing::warn!("the cluster could not be told that this server restarts");
        }
    }

    /// Lets another server lead before this one ends.
    pub(crate) async fn hand_over(&self) {
        let voters = self.raft.cluster_state().members.iter().filter(|member| member.voter).count();
        if !self.raft.leads() || voters < 2 {
            return;
        }
        match timeout(HAND_OVER_MAX, self.raft.transfer_leader(None)).await {
            Ok(Ok(())) => tracing::info!("another server leads now"),
            Ok(Err(error)) => tracing::warn!(%error, "no other server could be made to lead"),
            Err(_) => tracing::warn!("no other server took over in time"),
        }
    }

    /// Out of the catalog, out of the voters, remembered on the disk; then the agent ends.
    async fn go(&self) -> Result<(), ClusterError> {
        let others = self.raft.cluster_state().members.iter().any(|member| member.id != self.raft_id);
        if others {
            self.departure.begin();
            self.formation.departing(true).await;
            let gone = self.take_out().await;
            if gone.is_err() {
                self.formation.departing(false).await;
                self.departure.call_off();
            }
            gone?;
        }
        // The last server keeps what it has.
        self.departure.finish();
        Ok(())
    }

    async fn take_out(&self) -> Result<(), ClusterError> {
        self.hand_over().await;
        self.deregister(self.node.name.clone()).await?;
        self.raft.remove(self.raft_id).await.map_err(leader::failed)?;
        tracing::info!("this server has left its cluster");
        self.formation.left().await.map_err(|error| ClusterError::Unavailable(format!("{error:#}")))
    }

    /// Whether the leader hears nothing from this server.
    async fn has_failed(&self, member: &weft_raft::Member) -> bool {
        let health = leader::health(&self.raft).await;
        health.is_ok_and(|health| {
            let mut servers = health.servers.iter();
            servers.any(|server| server.id == member.server.server_id && server.status == MemberStatus::Failed)
        })
    }

    async fn deregister(&self, node: NodeName) -> Result<(), ClusterError> {
        match self.store.propose(Command::Deregister { node, target: Target::Node }).await {
            Ok(_) | Err(ProposeError::Refused(ApplyError::NotFound(_))) => Ok(()),
            Err(error) => Err(ClusterError::Unavailable(error.to_string())),
        }
    }
}

/// What whoever asked to join is told, in Consul's words.
pub(crate) fn not_joined(address: &str, why: &str) -> ClusterError {
    ClusterError::Refused(format!("1 error occurred:\n\t* Failed to join {address}: {why}\n\n"))
}

fn find(state: &ClusterState, peer: &PeerRef) -> Result<u64, ClusterError> {
    let fits = |member: &&weft_raft::Member| match peer {
        PeerRef::Id(id) => member.server.server_id == *id,
        PeerRef::Address(address) => member.server.address == *address,
    };
    let found = state.members.iter().find(fits).map(|member| member.id);
    found.ok_or_else(|| {
        ClusterError::NotFound(match peer {
            PeerRef::Id(id) => format!("id {id:?} was not found in the Raft configuration"),
            PeerRef::Address(address) => format!("address {address:?} was not found in the Raft configuration"),
        })
    })
}
