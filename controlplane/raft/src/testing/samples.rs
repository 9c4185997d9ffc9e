//! What this crate's tests share: sample commands and entries, servers on directories.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weft_model::catalog::Node;
use weft_model::{Command, Envelope, NodeName, RequestId, Timestamp};
use weft_state::{State, StateView, Store};

use crate::request::Request;
use crate::types::{Entry, LeaderId, LogId, Payload};
use crate::{Config, Raft, StartError};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server and the store that it feeds.
pub(crate) struct Server {
    pub(crate) raft: Raft,
    pub(crate) store: Arc<Store>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Result<Self, StartError> {
        let (store, proposals) = Store::new(State::default());
        let members = BTreeMap::from([(config.node_id, crate::Server::default())]);
        let raft = Raft::start(config, Arc::clone(&store), proposals, Arc::new(crate::NoTransport)).await?;
        raft.found(members).await?;
        Ok(Self { raft, store })
    }

    /// Registers a node; its log index.
    pub(crate) async fn write(&self, name: &str) -> u64 {
        self.store.propose(register(name)).await.unwrap().0
    }

    pub(crate) async fn write_all(&self, names: impl IntoIterator<Item = String>) {
        futures::future::join_all(names.into_iter().map(|name| async move { self.write(&name).await })).await;
    }

    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.store.current())
    }
}

pub(crate) fn kept(dir: &Path) -> Config {
    Config { data_dir: Some(dir.to_owned()), leader_patience: Duration::from_secs(20), ..Config::default() }
}

pub(crate) fn register(name: &str) -> Command {
    Command::register_node(Node { name: NodeName::from(name), address: "127.0.0.1".to_owned(), ..Node::default() })
}

pub(crate) fn names(state: &State) -> Vec<String> {
    StateView::new(state).nodes().iter().map(|node| node.value.name.to_string()).collect()
}

pub(crate) fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(LeaderId::new(term), index)
}

/// An entry that registers a node named after its index.
pub(crate) fn entry(term: u64, index: u64) -> Entry {
    let id = RequestId { origin: 1, sequence: index };
    let envelope = Envelope { id, settled: index, at: Timestamp(1), command: register(&format!("node-{index}")) };
    Entry { log_id: log_id(term, index), payload: Payload::Normal(Request::new(envelope).unwrap()) }
}

pub(crate) fn entries(term: u64, indexes: std::ops::Range<u64>) -> Vec<Entry> {
    indexes.map(|index| entry(term, index)).collect()
}
