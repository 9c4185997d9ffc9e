//! The handle on a running Raft server: start, status, stop.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::errors::{InitializeError, RaftError};
use openraft::metrics::WaitError;
use openraft::{BasicNode, RaftMetrics};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_state::{Proposal, Store};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::log_store::{Durability, LogStore};
use crate::machine::Machine;
use crate::network::Alone;
use crate::progress::Progress;
use crate::proposer::Proposer;
use crate::snapshot::{Folder, LogBounds};
use crate::status::Status;
use crate::types::{LogId, Types};
use crate::watch::watch;

/// How long a server that is alone may take to lead and to apply its own log.
const RECOVERY_MAX: Duration = Duration::from_secs(300);

/// How long proposals in flight may take to get their answers at the end.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// When to ask again for a raft snapshot.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(1);

/// A running Raft server. Dropping it ends its tasks as a crash would; see [`Raft::shutdown`].
pub struct Raft {
    raft: openraft::Raft<Types, Machine>,
    progress: Arc<Progress>,
    running: Mutex<Option<Running>>,
}

struct Running {
    dir_freed: CancellationToken,
    log: LogStore,
    stop: CancellationToken,
    proposer: AbortOnDropHandle<()>,
    _watch: AbortOnDropHandle<()>,
}

impl Raft {
    /// Opens the data directory and starts Raft on it. When this returns, the store shows at least
    /// what was known to be committed; a server that is alone leads and shows its whole log.
    ///
    /// # Errors
    /// The directory belongs to somebody else, or lacks something that was acknowledged.
    pub async fn start(
        config: Config,
        store: Arc<Store>,
        proposals: mpsc::Receiver<Proposal>,
    ) -> Result<Self, StartError> {
        let settings = Arc::new(config.openraft()?);
        let opening = config.clone();
        let progress = Arc::new(Progress::default());
        let noting = Arc::clone(&progress);
        let opened = tokio::task::spawn_blocking(move || open(&opening, store, noting));
        let (dir, log, machine) = opened.await.map_err(failed)??;
        let raft =
            openraft::Raft::build(config.node_id, settings, Alone, log.clone(), machine).await.map_err(failed)?;
        raft.run();
        let watch = AbortOnDropHandle::new(tokio::spawn(watch(raft.metrics(), log.clone())));
        found_cluster(&raft, &config).await?;
        if is_alone(&raft, config.node_id).await? {
            let recovered = raft.wait(Some(RECOVERY_MAX));
            recovered.metrics(leads_with_all_applied, "the whole log applied").await.map_err(failed)?;
        }
        let stop = CancellationToken::new();
        let proposer = Proposer::new(raft.clone(), proposals, &config).run(stop.clone());
        let proposer = AbortOnDropHandle::new(tokio::spawn(proposer));
        let running = Running { dir_freed: dir.freed(), log, stop, proposer, _watch: watch };
        Ok(Self { raft, progress, running: Mutex::new(Some(running)) })
    }

    /// Where this server stands now.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::new(&self.raft.metrics().borrow_watched(), &self.progress)
    }

    /// Waits until a leader is known, and names it. `None` when none was elected in time.
    pub async fn wait_for_leader(&self, patience: Duration) -> Option<u64> {
        let wait = self.raft.wait(Some(patience));
        wait.metrics(|metrics| metrics.current_leader.is_some(), "a leader").await.ok()?.current_leader
    }

    /// Writes a raft snapshot of at least what is applied now, and waits until it is durable.
    ///
    /// # Errors
    /// Raft is stopping.
    pub async fn trigger_snapshot(&self) -> Result<(), StartError> {
        let applied = self.progress.applied();
        loop {
            self.raft.trigger().snapshot().await.map_err(failed)?;
            let wait = self.raft.wait(Some(SNAPSHOT_RETRY));
            match wait.metrics(move |metrics| written_index(metrics) >= applied, "a raft snapshot").await {
                Ok(_) => return Ok(()),
                // While one is being written, openraft does not begin another.
                Err(WaitError::Timeout(..)) => {}
                Err(error @ WaitError::ShuttingDown) => return Err(failed(error)),
            }
        }
    }

    /// Ends in order: no new proposals, answers for those in flight, a last sync, the directory free
    /// for the next server. A second call does nothing.
    pub async fn shutdown(&self) {
        let Some(running) = self.running.lock().await.take() else { return };
        running.stop.cancel();
        if timeout(DRAIN_MAX, running.proposer).await.is_err() {
            tracing::warn!("proposals without an answer at shutdown; their outcome is unknown");
        }
        if let Err(error) = self.raft.shutdown().await {
            tracing::error!(%error, "raft did not end in order");
        }
        if let Err(error) = running.log.close().await {
            tracing::error!(%error, "the raft log did not close in order");
        }
        // Readers that are about to end and a raft snapshot that is being written still hold it.
        if timeout(DRAIN_MAX, running.dir_freed.cancelled()).await.is_err() {
            tracing::warn!("the data directory is still in use after shutdown");
        }
    }
}

/// Everything that blocks: locks, recovery, reading the newest raft snapshot.
fn open(
    config: &Config,
    store: Arc<Store>,
    progress: Arc<Progress>,
) -> Result<(Arc<DataDir>, LogStore, Machine), StartError> {
    let (dir, durability) = match &config.data_dir {
        Some(path) => (DataDir::open(path, config.node_id)?, Durability::Synced),
        None => (DataDir::temporary(config.node_id)?, Durability::Volatile),
    };
    let dir = Arc::new(dir);
    let log = LogStore::open(Arc::clone(&dir), durability, Arc::clone(&progress))?;
    let (last, purged) = log.ends();
    let (folder, start) = Folder::open(Arc::clone(&dir), LogBounds { purged, last })?;
    Ok((dir, log, Machine::new(store, folder, start, progress)))
}

/// A server that knows of no cluster founds one, with itself as the only voter.
async fn found_cluster(raft: &openraft::Raft<Types, Machine>, config: &Config) -> Result<(), StartError> {
    if raft.is_initialized().await.map_err(failed)? {
        return Ok(());
    }
    let members = BTreeMap::from([(config.node_id, BasicNode::new(&config.address))]);
    match raft.initialize(members).await {
        Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Whether this server is the only voter. Not read from the metrics, which lag.
async fn is_alone(raft: &openraft::Raft<Types, Machine>, node_id: u64) -> Result<bool, StartError> {
    let alone = raft.with_raft_state(move |state| state.membership_state.effective().voter_ids().eq([node_id]));
    alone.await.map_err(failed)
}

/// A leader's first entry of its own term, once applied, shows that all before it is. Term 0 is that
/// of the entry that founds a cluster, before any election.
fn leads_with_all_applied(metrics: &RaftMetrics<Types>) -> bool {
    let own = |applied: LogId| applied.leader_id.term == metrics.current_term;
    metrics.state.is_leader() && metrics.current_term > 0 && metrics.last_applied.is_some_and(own)
}

fn written_index(metrics: &RaftMetrics<Types>) -> u64 {
    metrics.snapshot.map_or(0, |snapshot| snapshot.index)
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Raft(error.to_string())
}
