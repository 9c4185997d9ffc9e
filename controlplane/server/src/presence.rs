//! This server's place in the catalog: registered when it is in the cluster, and again whenever it is
//! missing there, as after a state was restored.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use weft_ca::seal::Keyring;
use weft_model::Topic;
use weft_model::ca::CaConfig;
use weft_model::health::SERF_HEALTH;
use weft_raft::Raft;
use weft_state::{StateView, Store};

use crate::config::Definitions;
use crate::formation::Formation;
use crate::node::SERVER_SERVICE;
use crate::{authority, definitions, node};

/// How often the catalog is looked at though nothing about this node has changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The pause after a failure.
const RETRY: Duration = Duration::from_millis(500);
/// How often is looked whether somebody has founded the CA.
const CA_EVERY: Duration = Duration::from_millis(100);

/// What is registered, and where.
pub(crate) struct Presence {
    pub(crate) store: Arc<Store>,
    pub(crate) raft: Arc<Raft>,
    pub(crate) formation: Formation,
    pub(crate) node: node::Own,
    pub(crate) server_port: u16,
    pub(crate) sidecar_ports: (u16, u16),
    /// A reload replaces them.
    pub(crate) definitions: Arc<RwLock<Definitions>>,
    pub(crate) ca: CaConfig,
    pub(crate) ca_seal_keys: Keyring,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) departure: Departure,
}

/// Whether this server is about to go. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Departure(Arc<watch::Sender<Going>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    Staying,
    Leaving,
    Gone,
}

impl Default for Departure {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Going::Staying)))
    }
}

impl Departure {
    /// From now on this server does not register itself.
    pub(crate) fn begin(&self) {
        self.0.send_replace(Going::Leaving);
    }

    /// It stays after all.
    pub(crate) fn call_off(&self) {
        self.0.send_replace(Going::Staying);
    }

    /// The agent is to end.
    pub(crate) fn finish(&self) {
        self.0.send_replace(Going::Gone);
    }

    /// Waits until the agent is to end.
    pub(crate) async fn finished(&self) {
        // The sender is here as well, so it is not gone.
        drop(self.0.subscribe().wait_for(|going| *going == Going::Gone).await);
    }

    /// Waits until the agent is about to leave.
    pub(crate) async fn begun(&self) {
        // The sender is here as well, so it is not gone.
        drop(self.0.subscribe().wait_for(|going| *going != Going::Staying).await);
    }

    /// Whether it is not about to leave.
    pub(crate) fn is_staying(&self) -> bool {
        *self.0.borrow() == Going::Staying
    }
}

impl Presence {
    /// Waits for the cluster, then makes this server's place: with this the agent is ready.
    ///
    /// # Errors
    /// The first writes fail.
    pub(crate) async fn begin(&self) -> anyhow::Result<()> {
        self.formation.settled().await;
        while self.raft.read_index().await.is_err() {
            sleep(RETRY).await;
        }
        while StateView::new(&self.store.current()).ca().is_none() {
            // One founds it, the others wait for it.
            match self.raft.leads() {
                true => authority::found(&self.store, &self.ca, &self.ca_seal_keys).await?,
                false => sleep(CA_EVERY).await,
            }
        }
        node::register(&self.store, &self.node.get(), self.server_port).await?;
        let Self { store, node, sidecar_ports, data_dir, .. } = self;
        let definitions = self.definitions.read().clone();
        definitions::register(store, &node.get(), *sidecar_ports, &definitions, &[], data_dir.as_deref())
            .await
            .context("definitions")
    }

    /// Makes it, however long it takes, and keeps it.
    pub(crate) async fn run(self) {
        while let Err(error) = self.begin().await {
            tracing::warn!("this server is not in the catalog yet: {error:#}");
            sleep(RETRY).await;
        }
        self.keep().await;
    }

    /// Runs for ever.
    pub(crate) async fn keep(self) {
        let mut subscription = self.store.subscribe(BTreeSet::from([Topic::Node(self.node.get().name.clone())]));
        loop {
            // Either is a reason to look.
            drop(timeout(LOOK_EVERY, subscription.changed()).await);
            if self.is_there() || !self.departure.is_staying() {
                continue;
            }
            tracing::info!("this server is missing in the catalog and registers itself again");
            if let Err(error) = self.begin().await {
                tracing::warn!("this server could not be registered: {error:#}");
            }
            sleep(RETRY).await;
        }
    }

    fn is_there(&self) -> bool {
        let state = self.store.current();
        let view = StateView::new(&state);
        let own = self.node.get();
        let name = &own.name;
        view.nodes().iter().any(|node| node.value.id == own.id && node.value.name == *name)
            && view.service(name, &SERVER_SERVICE.into()).is_some()
            && view.check(name, &SERF_HEALTH.into()).is_some()
    }
}
