//! The cluster as a client agent knows it: through the servers. What only servers are asked for never comes here.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use serde_json::{Value, json};
use uuid::Uuid;
use weft_api::host::{
    Authority, AuthorityError, AutopilotHealth, Cluster, ClusterError, Contact, IssuedLeaf, Knower, Member, NoLeader,
    PeerRef, ProxyLedger, RaftConfiguration,
};
use weft_model::ca::CaConfig;
use weft_model::{NodeName, ServiceName};

use super::servers::{Servers, Standing};
use crate::acl::Acl;
use crate::clients::message::{Beat, LEAVE};
use crate::cluster::not_joined;
use crate::presence::Departure;

/// How long the servers may take to let an agent go.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// What a handler hears that asks a client agent for what only servers have.
const OF_SERVERS: &str = "this is a client agent: servers answer this";

/// Clones are the same one.
#[derive(Clone)]
pub(super) struct Remote {
    pub(super) servers: Servers,
    pub(super) acl: Acl,
    pub(super) departure: Departure,
}

fn refused<T: Send + 'static>() -> BoxFuture<'static, Result<T, ClusterError>> {
    ready(Err(ClusterError::Refused(OF_SERVERS.to_owned()))).boxed()
}

impl Cluster for Remote {
    fn is_server(&self) -> bool {
        false
    }

    fn leader(&self) -> Option<String> {
        None
    }

    fn peers(&self) -> Vec<String> {
        self.servers.known().into_iter().collect()
    }

    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let server = match &*self.servers.standing().borrow() {
            Standing::Connected(address) => address.clone(),
            Standing::Looking | Standing::Refused { .. } => String::new(),
        };
        let consul = [
            ("server", "false".to_owned()),
            ("known_servers", self.servers.known().len().to_string()),
            ("weft_server", server),
        ];
        BTreeMap::from([("consul".to_owned(), consul.map(|(key, value)| (key.to_owned(), value)).into())])
    }

    /// Its own state is as new as can be.
    fn read_index(&self) -> BoxFuture<'_, Result<(), NoLeader>> {
        ready(Ok(())).boxed()
    }

    fn contact(&self) -> Contact {
        let is_connected = matches!(&*self.servers.standing().borrow(), Standing::Connected(_));
        Contact { known_leader: is_connected, last_contact: Duration::ZERO }
    }

    fn members(&self) -> Vec<Member> {
        Vec::new()
    }

    fn raft_configuration(&self, _: Knower) -> BoxFuture<'_, Result<RaftConfiguration, ClusterError>> {
        refused()
    }

    fn remove_peer(&self, _: PeerRef) -> BoxFuture<'_, Result<(), ClusterError>> {
        refused()
    }

    fn transfer_leader(&self, _: Option<String>) -> BoxFuture<'_, Result<(), ClusterError>> {
        refused()
    }

    /// The server at this address is one more to be asked.
    fn join(&self, address: String) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move {
            let joined = match crate::config::join::address(&address) {
                Ok(address) => self.servers.join(&address).await.map_err(|lost| lost.to_string()),
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
        async { leaving.await.map_err(|error| ClusterError::Unavailable(error.to_string())) }.boxed()
    }

    fn force_leave(&self, _: NodeName, _: bool) -> BoxFuture<'_, Result<(), ClusterError>> {
        refused()
    }

    fn autopilot_health(&self) -> BoxFuture<'_, Result<AutopilotHealth, ClusterError>> {
        refused()
    }

    fn renew_session(&self, _: Uuid) -> BoxFuture<'_, Result<bool, ClusterError>> {
        refused()
    }

    fn debug(&self) -> Value {
        json!({ "standing": format!("{:?}", *self.servers.standing().borrow()) })
    }
}

impl Remote {
    /// From now on nothing is registered any more, and then all of it goes. Afterwards the agent ends, also when no
    /// server can be told: it is found to be gone soon.
    async fn go(&self) {
        self.departure.begin();
        let beat = Beat { node: self.servers.node().name.clone() };
        if let Err(lost) = self.servers.ask::<()>(LEAVE, &beat, &self.acl.agent_token(), LEAVE_MAX).await {
            tracing::warn!("the servers could not be told that this agent leaves: {lost}");
        }
        self.departure.finish();
    }
}

/// Servers issue leaves and know what proxies have acknowledged.
pub(super) struct OfServers;

impl Authority for OfServers {
    fn leaf(&self, _: ServiceName) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        ready(Err(AuthorityError::Unavailable(OF_SERVERS.to_owned()))).boxed()
    }

    fn leaf_after(&self, _: ServiceName, _: u64) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        ready(Err(AuthorityError::Unavailable(OF_SERVERS.to_owned()))).boxed()
    }

    fn configure(&self, _: CaConfig) -> BoxFuture<'_, Result<(), AuthorityError>> {
        ready(Err(AuthorityError::Unavailable(OF_SERVERS.to_owned()))).boxed()
    }
}

impl ProxyLedger for OfServers {
    fn proxies(&self) -> Value {
        json!([])
    }
}
