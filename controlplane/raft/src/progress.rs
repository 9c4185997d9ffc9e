//! Counters that the storage side keeps, ahead of what openraft reports.
//!
//! openraft's metrics are sent after the answers, so a caller that has just been answered would
//! not find its own entry in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::watch;

/// What has happened in the log and the state machine.
#[derive(Default)]
pub(crate) struct Progress {
    applied: watch::Sender<u64>,
    syncs: AtomicU64,
    transfers: AtomicUsize,
    demanded: AtomicBool,
}

/// A raft snapshot that is being sent. Dropped at its end.
pub(crate) struct Transfer(Arc<Progress>);

impl Progress {
    pub(crate) fn note_applied(&self, index: u64) {
        self.applied.send_replace(index);
    }

    /// Waits until at least this is applied. The sender lives as long as `self`.
    pub(crate) async fn wait_applied(&self, index: u64) {
        drop(self.applied.subscribe().wait_for(|applied| *applied >= index).await);
    }

    pub(crate) fn begin_transfer(self: &Arc<Self>) -> Transfer {
        self.transfers.fetch_add(1, Ordering::Relaxed);
        Transfer(Arc::clone(self))
    }

    /// How many raft snapshots are being sent.
    pub(crate) fn transfers(&self) -> usize {
        self.transfers.load(Ordering::Relaxed)
    }

    /// Somebody wants a raft snapshot, whether it pays or not.
    pub(crate) fn demand_snapshot(&self) {
        self.demanded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_demand(&self) -> bool {
        self.demanded.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn note_sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// The index of the last applied entry.
    pub(crate) fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    /// How often the log has been synced to the disk.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.transfers.fetch_sub(1, Ordering::Relaxed);
    }
}
