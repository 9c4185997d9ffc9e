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
mod reader;
mod recover;
mod view;
mod watermark;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::time::sleep;

use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::progress::Progress;
use crate::types::{Entry, LogId, Types, Vote};
use db::Db;
pub(crate) use db::Durability;
use view::View;
use watermark::{Mark, Watermark};
use writer::{Done, Job, Writer};

/// Jobs under way to the writer. When it is full, Raft waits for the disk.
const QUEUE: usize = 1024;

/// How long to wait for the last readers at the end.
const CLOSE_STEP: Duration = Duration::from_millis(5);
const CLOSE_STEPS: u32 = 400;

/// A handle on the log; all clones are the same log.
#[derive(Clone)]
pub(crate) struct LogStore {
    inner: Arc<Inner>,
}

struct Inner {
    db: Arc<Db>,
    view: Arc<Mutex<View>>,
    jobs: mpsc::Sender<Job>,
    watermark: Arc<tokio::sync::Mutex<Watermark>>,
}

impl LogStore {
    /// Opens or creates the log, checks all of it, and starts its writer.
    pub(crate) fn open(dir: DataDir, durability: Durability, progress: Arc<Progress>) -> Result<Self, StartError> {
        let db = Db::open(dir, durability)?;
        let recovered = recover::recover(&db)?;
        let watermark = Watermark::open(&db.dir().watermark())?;
        watermark.check(&recovered, db.path())?;
        let db = Arc::new(db);
        let view = Arc::new(Mutex::new(View::new(recovered)));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = Writer { db: Arc::clone(&db), jobs: queue, view: Arc::clone(&view), progress };
        std::thread::Builder::new()
            .name("raft-log".to_owned())
            .spawn(move || writer.run())
            .map_err(StartError::io(db.path()))?;
        let watermark = Arc::new(tokio::sync::Mutex::new(watermark));
        Ok(Self { inner: Arc::new(Inner { db, view, jobs, watermark }) })
    }

    /// The last entry, and the last one that was purged.
    pub(crate) fn ends(&self) -> (Option<LogId>, Option<LogId>) {
        let view = self.inner.view.lock();
        (view.last(), view.purged())
    }

    /// Notes beside the database how far the log reaches, so that a lost end is noticed.
    pub(crate) async fn mark(&self) -> io::Result<()> {
        if !self.inner.db.is_durable() {
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

    /// Writes and syncs what is queued, ends the writer, and waits until the directory is free.
    pub(crate) async fn close(self) {
        let closing = async {
            self.submit_and_wait(Job::Stop).await?;
            self.mark().await
        };
        if let Err(error) = closing.await {
            tracing::error!(%error, "the raft log did not close in order");
        }
        // Readers of tasks that are about to end may still hold it.
        for _ in 0..CLOSE_STEPS {
            if Arc::strong_count(&self.inner) == 1 {
                break;
            }
            sleep(CLOSE_STEP).await;
        }
        drop(tokio::task::spawn_blocking(move || drop(self)).await);
    }

    async fn submit(&self, job: Job) -> io::Result<()> {
        self.inner.jobs.send(job).await.map_err(|_| stopped())
    }

    async fn submit_and_wait(&self, job: impl FnOnce(Done) -> Job) -> io::Result<()> {
        let (done, wait) = oneshot::channel();
        self.submit(job(done)).await?;
        wait.await.map_err(|_| stopped())
    }
}

/// Changes the watermark where blocking is allowed.
async fn change(
    mut watermark: OwnedMutexGuard<Watermark>,
    change: impl FnOnce(&mut Watermark) -> io::Result<()> + Send + 'static,
) -> io::Result<OwnedMutexGuard<Watermark>> {
    let task = tokio::task::spawn_blocking(move || change(&mut watermark).map(|()| watermark));
    task.await.map_err(io::Error::other)?
}

fn stopped() -> io::Error {
    io::Error::other("the log is closed")
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
        self.submit_and_wait(|done| Job::Vote { vote, done }).await?;
        self.inner.view.lock().vote = Some(vote);
        Ok(())
    }

    /// Not waited for: a stale commit index is correct, only a restart has more to find out.
    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        self.inner.view.lock().committed = committed;
        match committed {
            Some(committed) => self.submit(Job::Committed(committed)).await,
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
        self.submit(Job::Append { entries, done: callback }).await
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        // First the note, then the log: a crash in between must not look like a loss. The guard
        // keeps a new note away until the log is cut.
        let watermark = Arc::clone(&self.inner.watermark).lock_owned().await;
        let _watermark = change(watermark, move |watermark| watermark.lower(last)).await?;
        self.submit_and_wait(|done| Job::Truncate { after: last, done }).await?;
        self.inner.view.lock().truncate_after(last);
        Ok(())
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.submit_and_wait(|done| Job::Purge { upto, done }).await?;
        self.inner.view.lock().purge(upto);
        Ok(())
    }
}
