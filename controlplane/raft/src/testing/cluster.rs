//! A few servers in one process, on one network.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};
use weft_state::{ProposeError, State, Store};

use super::{MemoryNet, PATIENCE, names, register};
use crate::{Config, Raft, Server as Member, StartError};

/// A server of a [`Cluster`].
pub(crate) struct Node {
    pub(crate) raft: Raft,
    pub(crate) store: Arc<Store>,
}

/// Servers 1 to n, some of which may be down.
pub(crate) struct Cluster {
    pub(crate) net: Arc<MemoryNet>,
    pub(crate) nodes: BTreeMap<u64, Arc<Node>>,
    dir: TempDir,
    config: Config,
}

pub(crate) fn member(id: u64) -> Member {
    let (name, address) = (format!("server-{id}"), format!("10.0.0.{id}:8300"));
    Member { name, address, server_id: format!("id-{id}"), read_replica: false }
}

/// Elections that take no time. Callers wait for one as long as it takes on a machine that has other work.
fn quick() -> Config {
    Config {
        heartbeat: Duration::from_millis(40),
        election_timeout: Duration::from_millis(250),
        leader_patience: PATIENCE,
        propose_timeout: PATIENCE,
        ..Config::default()
    }
}

/// The same for callers that soon are told that nobody leads.
pub(crate) fn impatient() -> Config {
    let asked = Config::default();
    Config { leader_patience: Duration::from_secs(3), propose_timeout: asked.propose_timeout, ..quick() }
}

/// So patient that only broken connections, and a word of the leader, make another leader.
pub(crate) fn patient() -> Config {
    Config { heartbeat: Duration::from_millis(100), election_timeout: Duration::from_secs(10), ..quick() }
}

impl Cluster {
    /// Servers that have found each other and have a leader.
    pub(crate) async fn start(count: u64) -> Self {
        Self::with(count, quick()).await
    }

    pub(crate) async fn with(count: u64, config: Config) -> Self {
        let net = MemoryNet::new();
        let mut cluster = Self { net, nodes: BTreeMap::new(), dir: tempfile::tempdir().unwrap(), config };
        for id in 1..=count {
            cluster.run(id).await.unwrap();
        }
        let members = (1..=count).map(|id| (id, member(id))).collect();
        cluster.node(1).raft.found(members).await.unwrap();
        cluster.leader().await;
        cluster
    }

    pub(crate) fn path(&self, id: u64) -> PathBuf {
        self.dir.path().join(id.to_string())
    }

    /// Starts a server on its directory.
    pub(crate) async fn run(&mut self, id: u64) -> Result<(), StartError> {
        let address = member(id).address;
        let config = Config { node_id: id, address, data_dir: Some(self.path(id)), ..self.config.clone() };
        let until = Instant::now() + PATIENCE;
        let (raft, store) = loop {
            let (store, proposals) = Store::new(State::default());
            match Raft::start(config.clone(), Arc::clone(&store), proposals, self.net.transport(id)).await {
                // Tasks of the server before it are still ending.
                Err(StartError::Locked(_)) if Instant::now() < until => sleep(Duration::from_millis(10)).await,
                started => break (started?, store),
            }
        };
        self.net.attach(id, raft.inbound());
        self.nodes.insert(id, Arc::new(Node { raft, store }));
        Ok(())
    }

    /// Ends a server without a word.
    pub(crate) fn kill(&mut self, id: u64) {
        self.net.detach(id);
        self.nodes.remove(&id);
    }

    /// Removes all that a server that was killed has kept, once its last tasks have ended.
    pub(crate) async fn wipe(&self, id: u64) {
        let lock = std::fs::File::open(self.path(id).join("raft/LOCK")).unwrap();
        while lock.try_lock().is_err() {
            sleep(Duration::from_millis(10)).await;
        }
        std::fs::remove_dir_all(self.path(id)).unwrap();
    }

    pub(crate) fn node(&self, id: u64) -> Arc<Node> {
        Arc::clone(&self.nodes[&id])
    }

    pub(crate) fn others(&self, id: u64) -> Vec<u64> {
        self.nodes.keys().copied().filter(|other| *other != id).collect()
    }

    /// The server that leads, with a working quorum.
    pub(crate) async fn leader(&self) -> u64 {
        let all: Vec<u64> = self.nodes.keys().copied().collect();
        self.leader_of(&all).await
    }

    /// The server among these that leads, with a working quorum.
    pub(crate) async fn leader_of(&self, ids: &[u64]) -> u64 {
        let leading = async {
            loop {
                for id in ids {
                    let node = self.node(*id);
                    if node.raft.leads() && node.raft.contact().known_leader {
                        return *id;
                    }
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, leading).await.expect("a leader")
    }

    /// Waits until every running server has applied this.
    pub(crate) async fn applied(&self, index: u64) {
        for (id, node) in &self.nodes {
            let applied = node.raft.core.progress.wait_applied(index);
            timeout(PATIENCE, applied).await.unwrap_or_else(|_| panic!("server {id} has not applied {index}"));
        }
    }

    /// Waits until all running servers show the same state.
    pub(crate) async fn settle(&self) {
        let leader = self.leader().await;
        let index = self.node(leader).write("settled").await.unwrap();
        self.applied(index).await;
        let state = self.node(leader).store.current();
        for node in self.nodes.values() {
            assert!(*node.store.current() == *state, "states differ");
        }
    }
}

impl Node {
    pub(crate) async fn write(&self, name: &str) -> Result<u64, ProposeError> {
        self.store.propose(register(name)).await.map(|(index, _)| index)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.store.current())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }
}
