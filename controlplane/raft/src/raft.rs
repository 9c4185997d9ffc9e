//! The handle on a running Raft server: start, status, stop.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{InitializeError, RaftError};
use openraft::metrics::WaitError;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_state::{Proposal, ProposeError, Store};

use crate::calls::{self, Call};
use crate::config::Config;
use crate::core::{Core, Disk, Leader, Limits};
use crate::disk;
use crate::error::{LeaderError, ReadError, StartError};
use crate::forward::Forward;
use crate::heard::Heard;
use crate::inbound::Desk;
use crate::member::{ClusterState, Contact, Server};
use crate::membership::{self, Change};
use crate::network::Network;
use crate::peers::Peers;
use crate::progress::Progress;
use crate::proposer::Proposer;
use crate::reads::Reads;
use crate::status::Status;
use crate::storage::{self, Opened};
use crate::transport::{Inbound, Transport};
use crate::types::{Consensus, LogId, Metrics};
use crate::verify;
use crate::view;
use crate::watch::watch;

/// How long a server that is alone may take to lead and to apply its own log.
const RECOVERY_MAX: Duration = Duration::from_secs(300);

/// How long proposals in flight may take to get their answers at the end.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// When to ask again for a raft snapshot.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(1);

/// A running Raft server. Dropping it ends its tasks as a crash would; see [`Raft::shutdown`].
pub struct Raft {
    pub(crate) core: Arc<Core>,
    reads: Arc<Reads>,
    running: Mutex<Option<Running>>,
}

struct Running {
    dir_freed: CancellationToken,
    proposer: AbortOnDropHandle<()>,
    _watch: AbortOnDropHandle<()>,
    _rounds: AbortOnDropHandle<()>,
    _verifier: AbortOnDropHandle<()>,
}

impl Raft {
    /// Opens the data directory and starts Raft on it. When this returns, the store shows at least
    /// what was known to be committed; a server that is alone leads and shows its whole log. A server
    /// of no cluster waits until it founds one or is added to one.
    ///
    /// # Errors
    /// The directory belongs to somebody else, or lacks something that was acknowledged.
    pub async fn start(
        config: Config,
        store: Arc<Store>,
        proposals: mpsc::Receiver<Proposal>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, StartError> {
        let (data_dir, id) = (config.data_dir.clone(), config.node_id);
        let disk = tokio::task::spawn_blocking(move || storage::disk(data_dir.as_deref(), id));
        let disk = disk.await.map_err(failed)??;
        Self::start_on(disk, config, store, proposals, transport).await
    }

    /// The same on a given disk.
    ///
    /// # Errors
    /// As [`Raft::start`].
    pub async fn start_on(
        disk: Arc<dyn disk::Disk>,
        config: Config,
        store: Arc<Store>,
        proposals: mpsc::Receiver<Proposal>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, StartError> {
        let settings = Arc::new(config.openraft()?);
        let progress = Arc::new(Progress::default());
        let dir_freed = disk.freed();
        let opened = storage::open(disk, Arc::clone(&store), Arc::clone(&progress)).await?;
        let Opened { log, snapshots, machine, hashes } = opened;
        let peers = Peers::new(transport);
        let network = Network { peers: Arc::clone(&peers), progress: Arc::clone(&progress) };
        let built = Consensus::build(config.node_id, settings, network, log.clone(), machine);
        let raft = built.await.map_err(failed)?;
        raft.run();
        let core = Arc::new(Core {
            id: config.node_id,
            raft,
            peers,
            progress,
            disk: parking_lot::Mutex::new(Some(Disk { log, snapshots })),
            store,
            hashes,
            heard: Heard::new(),
            led: parking_lot::Mutex::default(),
            forward: Forward::default(),
            limits: Limits::new(&config),
            stop: CancellationToken::new(),
            handler: OnceLock::new(),
            changing: Arc::default(),
        });
        let watch = AbortOnDropHandle::new(tokio::spawn(watch(Arc::clone(&core))));
        if is_alone(&core).await? {
            recover(&core).await?;
        }
        let (reads, rounds) = Reads::new();
        let rounds = AbortOnDropHandle::new(tokio::spawn(rounds.run(Arc::clone(&core))));
        let proposer = Proposer::new(Arc::clone(&core), proposals).run();
        let proposer = AbortOnDropHandle::new(tokio::spawn(proposer));
        let verifier = AbortOnDropHandle::new(tokio::spawn(verify::run(Arc::clone(&core), config.verify_every)));
        let running = Running { dir_freed, proposer, _watch: watch, _rounds: rounds, _verifier: verifier };
        Ok(Self { core, reads: Arc::new(reads), running: Mutex::new(Some(running)) })
    }

    /// What other servers' requests are to be given to.
    #[must_use]
    pub fn inbound(&self) -> Arc<dyn Inbound> {
        Arc::new(Desk::new(&self.core, Arc::clone(&self.reads)))
    }

    /// Founds a cluster of these servers, all of which vote. To be called on one of them, once; a
    /// server that belongs to a cluster already changes nothing. When this returns, a server that is
    /// alone leads.
    ///
    /// # Errors
    /// This server is not among the members, or is stopping.
    pub async fn found(&self, members: BTreeMap<u64, Server>) -> Result<(), StartError> {
        match self.core.raft.initialize(members).await {
            Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
            Err(error) => return Err(failed(error)),
        }
        if is_alone(&self.core).await? {
            recover(&self.core).await?;
        }
        Ok(())
    }

    /// The cluster, as this server knows it.
    #[must_use]
    pub fn cluster_state(&self) -> ClusterState {
        view::cluster(&self.core)
    }

    /// The servers, by their numbers, that were taken out of the cluster and must not come back.
    #[must_use]
    pub fn retired(&self) -> BTreeSet<u64> {
        self.core.store.current().retired().collect()
    }

    /// When this server last knew of a working leader.
    #[must_use]
    pub fn contact(&self) -> Contact {
        view::contact(&self.core)
    }

    /// From now on the server is reached there, whatever the membership says.
    pub fn set_address(&self, id: u64, address: String) {
        self.core.peers.set_address(id, address);
    }

    /// Waits until a read of this server's state is as new as the call. Never relies on a lease: the
    /// leader has its quorum confirm that it leads, in one round for all who wait.
    ///
    /// # Errors
    /// Nobody has shown in time that they lead.
    pub async fn read_index(&self) -> Result<u64, ReadError> {
        if self.core.decides_alone() {
            return Ok(self.core.progress.applied());
        }
        self.reads.here().await
    }

    /// Adds a server that receives the log and has no vote.
    ///
    /// # Errors
    /// See [`LeaderError`]; the same holds for all changes.
    pub async fn add_learner(&self, id: u64, server: Server) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::AddLearner(id, server)).await
    }

    /// Gives a learner that has received the log a vote.
    ///
    /// # Errors
    /// As [`Raft::add_learner`].
    pub async fn promote(&self, id: u64) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::Promote(id)).await
    }

    /// Takes a voter's vote; it goes on receiving the log.
    ///
    /// # Errors
    /// As [`Raft::add_learner`].
    pub async fn demote(&self, id: u64) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::Demote(id)).await
    }

    /// Takes a server out of the cluster. Its number never comes back.
    ///
    /// # Errors
    /// As [`Raft::add_learner`].
    pub async fn remove(&self, id: u64) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::Remove(id)).await
    }

    /// Replaces what is known of a server, its address above all.
    ///
    /// # Errors
    /// As [`Raft::add_learner`].
    pub async fn set_server(&self, id: u64, server: Server) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::SetServer(id, server)).await
    }

    /// Lets another server lead: this one, or the one that is best fit. Waits until it does.
    ///
    /// # Errors
    /// As [`Raft::add_learner`].
    pub async fn transfer_leader(&self, to: Option<u64>) -> Result<(), LeaderError> {
        membership::change(&self.core, Change::Transfer(to)).await
    }

    /// Asks whoever leads; see [`Raft::on_leader_call`].
    ///
    /// # Errors
    /// See [`LeaderError`].
    pub async fn ask_leader(&self, name: &str, body: Bytes) -> Result<Bytes, LeaderError> {
        calls::ask(&self.core, Call { name: name.to_owned(), body }).await
    }

    /// Registers what answers [`Raft::ask_leader`] while this server leads; an error is the answer
    /// "no". The first registration counts.
    pub fn on_leader_call<H>(&self, handler: H)
    where
        H: Fn(String, Bytes) -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync + 'static,
    {
        drop(self.core.handler.set(Arc::new(handler)));
    }

    /// Has all servers compare their states with this one's as of now, and gives what they compare. One that
    /// differs ends, and does not start again. The leader does this by itself from time to time.
    ///
    /// # Errors
    /// The comparison was not committed.
    pub async fn verify_state(&self) -> Result<Option<(u64, [u8; 32])>, ProposeError> {
        verify::verify(&self.core).await
    }

    /// The hash of the state that was compared last, and its log index.
    #[must_use]
    pub fn state_hash(&self) -> Option<(u64, [u8; 32])> {
        self.core.hashes.last()
    }

    /// Whether this server leads, as far as it knows.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.core.leader() == Leader::Here
    }

    /// Where this server stands now.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::new(&self.core.raft.metrics().borrow_watched(), &self.core.progress, &self.core.peers)
    }

    /// Waits until a leader is known, and names it. `None` when none was elected in time.
    pub async fn wait_for_leader(&self, patience: Duration) -> Option<u64> {
        let wait = self.core.raft.wait(Some(patience));
        wait.metrics(|metrics| metrics.current_leader.is_some(), "a leader").await.ok()?.current_leader
    }

    /// Writes a raft snapshot of at least what is applied now, and waits until it is durable.
    ///
    /// # Errors
    /// Raft is stopping.
    pub async fn trigger_snapshot(&self) -> Result<(), StartError> {
        let applied = self.core.progress.applied();
        loop {
            self.core.progress.demand_snapshot();
            self.core.raft.trigger().snapshot().await.map_err(failed)?;
            let wait = self.core.raft.wait(Some(SNAPSHOT_RETRY));
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
        self.core.stop.cancel();
        if timeout(DRAIN_MAX, running.proposer).await.is_err() {
            tracing::warn!("proposals without an answer at shutdown; their outcome is unknown");
        }
        if let Err(error) = self.core.raft.shutdown().await {
            tracing::error!(%error, "raft did not end in order");
        }
        self.core.hashes.release();
        let log = self.core.disk.lock().take().map(|disk| disk.log);
        if let Some(log) = log
            && let Err(error) = log.close().await
        {
            tracing::error!(%error, "the raft log did not close in order");
        }
        // Readers that are about to end and a raft snapshot that is being written still hold it.
        if timeout(DRAIN_MAX, running.dir_freed.cancelled()).await.is_err() {
            tracing::warn!("the data directory is still in use after shutdown");
        }
    }
}

impl Drop for Raft {
    /// Others may hold streams that this server serves. They end when its core does.
    fn drop(&mut self) {
        self.core.stop.cancel();
        self.core.hashes.release();
        self.core.disk.lock().take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let raft = self.core.raft.clone();
            runtime.spawn(async move { drop(raft.shutdown().await) });
        }
    }
}

/// Whether this server is the only voter. Not read from the metrics, which lag.
async fn is_alone(core: &Core) -> Result<bool, StartError> {
    let id = core.id;
    let alone = core.raft.with_raft_state(move |state| state.membership_state.effective().voter_ids().eq([id]));
    alone.await.map_err(failed)
}

async fn recover(core: &Core) -> Result<(), StartError> {
    let recovered = core.raft.wait(Some(RECOVERY_MAX));
    recovered.metrics(leads_with_all_applied, "the whole log applied").await.map(drop).map_err(failed)
}

/// A leader's first entry of its own term, once applied, shows that all before it is. Term 0 is that
/// of the entry that founds a cluster, before any election.
pub(crate) fn leads_with_all_applied(metrics: &Metrics) -> bool {
    let own = |applied: LogId| applied.leader_id.term == metrics.current_term;
    metrics.state.is_leader() && metrics.current_term > 0 && metrics.last_applied.is_some_and(own)
}

fn written_index(metrics: &Metrics) -> u64 {
    metrics.snapshot.map_or(0, |snapshot| snapshot.index)
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Raft(error.to_string())
}
