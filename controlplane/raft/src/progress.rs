//! Counters that the storage side keeps, ahead of what openraft reports.
//!
//! openraft's metrics are sent after the answers, so a caller that has just been answered would
//! not find its own entry in them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What has happened in the log and the state machine.
#[derive(Default)]
pub(crate) struct Progress {
    applied: AtomicU64,
    syncs: AtomicU64,
}

impl Progress {
    pub(crate) fn note_applied(&self, index: u64) {
        self.applied.store(index, Ordering::Release);
    }

    pub(crate) fn note_sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// The index of the last applied entry.
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// How often the log has been synced to the disk.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}
