//! What the parts of a running server share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use openraft::async_runtime::WatchReceiver;
use parking_lot::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use weft_state::Store;

use crate::config::Config;
use crate::forward::Forward;
use crate::hashes::Hashes;
use crate::heard::Heard;
use crate::log_store::LogStore;
use crate::peers::Peers;
use crate::progress::Progress;
use crate::snapshot::Folder;
use crate::transport::PeerAddress;
use crate::types::Consensus;

/// Answers calls to the leader; see [`Raft::on_leader_call`](crate::Raft::on_leader_call).
pub(crate) type LeaderHandler = Arc<dyn Fn(String, Bytes) -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync>;

pub(crate) struct Core {
    pub(crate) id: u64,
    pub(crate) raft: Consensus,
    pub(crate) peers: Arc<Peers>,
    pub(crate) progress: Arc<Progress>,
    /// Gone when this server has ended, so that the next one may have the directory.
    pub(crate) disk: Mutex<Option<Disk>>,
    pub(crate) store: Arc<Store>,
    pub(crate) hashes: Arc<Hashes>,
    pub(crate) heard: Heard,
    /// The term in which this server leads, and since when.
    pub(crate) led: Mutex<Option<(u64, Instant)>>,
    pub(crate) forward: Forward,
    pub(crate) limits: Limits,
    /// Cancelled when this server is to end.
    pub(crate) stop: CancellationToken,
    pub(crate) handler: OnceLock<LeaderHandler>,
    /// Held while the membership is being changed.
    pub(crate) changing: Arc<tokio::sync::Mutex<()>>,
}

/// What lies in the data directory.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) log: LogStore,
    pub(crate) snapshots: Arc<Folder>,
}

/// How long things may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) leader_patience: Duration,
    pub(crate) propose_timeout: Duration,
    pub(crate) election_timeout: Duration,
}

/// Who orders writes, as far as this server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leader {
    Here,
    There(PeerAddress),
    Nobody,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            leader_patience: config.leader_patience,
            propose_timeout: config.propose_timeout,
            election_timeout: config.election_timeout,
        }
    }

    /// How long a transfer or an election may take until something else is tried.
    pub(crate) fn handover(&self) -> Duration {
        self.election_timeout * 4 + Duration::from_secs(1)
    }
}

impl Core {
    pub(crate) fn disk(&self) -> Option<Disk> {
        self.disk.lock().clone()
    }

    /// Whether a server was a member once and is not any more.
    pub(crate) fn is_removed(&self, id: u64) -> bool {
        let metrics = self.raft.server_metrics();
        self.store.current().is_retired(id) && metrics.borrow_watched().membership_config.get_node(&id).is_none()
    }

    pub(crate) fn leader(&self) -> Leader {
        let metrics = self.raft.server_metrics();
        let metrics = metrics.borrow_watched();
        match metrics.current_leader {
            None => Leader::Nobody,
            Some(id) if id == self.id => Leader::Here,
            Some(id) => match metrics.membership_config.get_node(&id) {
                Some(server) => Leader::There(self.peers.address(id, &server.address)),
                None => Leader::Nobody,
            },
        }
    }

    /// Waits until another leader is known than this one, or for a while.
    pub(crate) async fn leader_other_than(&self, known: &Leader, patience: Duration) {
        let mut metrics = self.raft.server_metrics();
        let changed = async {
            while self.leader() == *known {
                if metrics.changed().await.is_err() {
                    // Raft has ended here; whoever waits must not try again at once.
                    std::future::pending::<()>().await;
                }
            }
        };
        drop(timeout(patience, changed).await);
    }

    /// Whether this server alone decides, and has applied all that was ever decided. openraft shows
    /// a membership with more voters before any of them can have a say.
    pub(crate) fn decides_alone(&self) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        metrics.membership_config.voter_ids().eq([self.id]) && crate::raft::leads_with_all_applied(&metrics)
    }
}
