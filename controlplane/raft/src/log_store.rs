//! The Raft log and vote on RocksDB.
//!
//! ```text
//! append ─> View (readable at once) ─> job queue ─> writer thread: one batch, one sync ─> callbacks
//! ```
//!
//! All writing, and every sync, is done by one thread in the order of the calls; while it syncs,
//! the next jobs gather and share the next sync. Reads come from the [`View`], which keeps the
//! newest entries decoded, and from RocksDB for older ones, off the runtime's threads.

mod codec;
mod db;
mod group;
mod offline;
mod queue;
mod reader;
mod recover;
mod torn;
mod view;
mod watermark;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::blocking::blocking;
use crate::disk::{Disk, Records};
use crate::error::StartError;
use crate::progress::Progress;
use crate::types::{Entry, LogId, Types, Vote};
#[cfg(any(test, feature = "testing"))]
pub(crate) use codec::decode_entry;
pub(crate) use db::{Db, Durability};
use group::Late;
pub(crate) use offline::{LogEnds, ends, entry_bytes, log_membership, purged, vote_bytes};
use queue::Queue;
pub(crate) use recover::text;
use view::View;
use watermark::{Mark, Watermark};
use writer::{Job, Writer};

/// A handle on the log; all clones are the same log.
#[derive(Clone)]
pub(crate) struct LogStore {
    inner: Arc<Inner>,
}

struct Inner {
    // First, so that the writer has ended before the database closes.
    queue: Queue,
    records: Arc<dyn Records>,
    durable: bool,
    view: Arc<Mutex<View>>,
    watermark: Arc<tokio::sync::Mutex<Watermark>>,
}

impl LogStore {
    /// Opens or creates the log, checks all of it, and starts its writer.
    pub(crate) fn open(disk: &dyn Disk, progress: Arc<Progress>) -> Result<Self, StartError> {
        let records = disk.records()?;
        let place = records.place().to_owned();
        let recovered = recover::recover(&*records)?;
        let mut watermark = Watermark::open(disk.notes())?;
        watermark.check(&recovered, &place)?;
        let durable = disk.is_durable();
        if durable {
            watermark.begin().map_err(StartError::io(&place))?;
        }
        let view = Arc::new(Mutex::new(View::new(recovered)));
        let writer = |jobs| Writer {
            records: Arc::clone(&records),
            jobs,
            view: Arc::clone(&view),
            progress,
            durable,
            late: Late::default(),
        };
        let queue = Queue::start(writer).map_err(StartError::io(&place))?;
        let watermark = Arc::new(tokio::sync::Mutex::new(watermark));
        Ok(Self { inner: Arc::new(Inner { queue, records, durable, view, watermark }) })
    }

    /// The last entry, and the last one that was purged.
    pub(crate) fn ends(&self) -> (Option<LogId>, Option<LogId>) {
        let view = self.inner.view.lock();
        (view.last(), view.purged())
    }

    /// The last entry that was known to be committed.
    pub(crate) fn committed(&self) -> Option<LogId> {
        self.inner.view.lock().committed
    }

    /// Notes beside the database how far the log reaches, so that a lost end is noticed.
    pub(crate) async fn mark(&self) -> io::Result<()> {
        if !self.inner.durable {
            return Ok(());
        }
        let watermark = Arc::clone(&self.inner.watermark).lock_owned().await;
        let mark = {
            let view = self.inner.view.lock();
            Mark::new(view.vote, view.safe_last())
        };
        change(watermark, move |watermark| watermark.set(mark)).await?;
        Ok(())
    }

    /// Writes and syncs what is queued and ends the writer. The database closes with the last handle.
    pub(crate) async fn close(self) -> io::Result<()> {
        self.inner.queue.complete(Job::Stop).await?;
        self.mark().await?;
        blocking(move || {
            drop(self);
            Ok(())
        })
        .await
    }
}

/// Changes the watermark where blocking is allowed.
async fn change(
    mut watermark: OwnedMutexGuard<Watermark>,
    change: impl FnOnce(&mut Watermark) -> io::Result<()> + Send + 'static,
) -> io::Result<OwnedMutexGuard<Watermark>> {
    blocking(move || change(&mut watermark).map(|()| watermark)).await
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let (last, purged) = self.ends();
        Ok(LogState { last_purged_log_id: purged, last_log_id: last.or(purged) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let vote = *vote;
        self.inner.queue.complete(|done| Job::Vote { vote, done }).await?;
        self.inner.view.lock().vote = Some(vote);
        Ok(())
    }

    /// Not waited for: a stale commit index is correct, only a restart has more to find out.
    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        self.inner.view.lock().committed = committed;
        match committed {
            Some(committed) => self.inner.queue.submit(Job::Committed(committed)).await,
            None => Ok(()),
        }
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.inner.view.lock().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        self.inner.view.lock().append(&entries);
        self.inner.queue.submit(Job::Append { entries, done: callback }).await
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        // First the note, then the log: a crash in between must not look like a loss. The guard
        // keeps a new note away until the log is cut.
        let watermark = Arc::clone(&self.inner.watermark).lock_owned().await;
        let _watermark = change(watermark, move |watermark| watermark.lower(last)).await?;
        self.inner.queue.complete(|done| Job::Truncate { after: last, done }).await?;
        self.inner.view.lock().truncate_after(last);
        Ok(())
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.inner.queue.complete(|done| Job::Purge { upto, done }).await?;
        self.inner.view.lock().purge(upto);
        Ok(())
    }
}
