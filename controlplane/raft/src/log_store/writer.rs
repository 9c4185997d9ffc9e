//! The one writer of the log: it writes and syncs in the order of the calls.
//!
//! While a sync is on its way the next jobs queue up; all of them then share one batch and one
//! sync. Jobs complete in order, after the sync that covers them.

use std::io;
use std::sync::Arc;

use openraft::storage::IOFlushed;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use weft_model::failpoint;

use super::group::{Ack, Group, Late};
use super::view::View;
use crate::disk::Records;
use crate::fatal::die;
use crate::progress::Progress;
use crate::types::{Entry, LogId, Types, Vote};

/// Where one batch ends, so that nobody waits for an endless one.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// Told when a job is safe.
pub(super) type Done = oneshot::Sender<()>;

/// One write.
pub(super) enum Job {
    Append { entries: Vec<Entry>, done: IOFlushed<Types> },
    Vote { vote: Vote, done: Done },
    Committed(LogId),
    Truncate { after: Option<LogId>, done: Done },
    Purge { upto: LogId, done: Done },
    Stop(Done),
}

pub(super) struct Writer {
    pub(super) records: Arc<dyn Records>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) view: Arc<Mutex<View>>,
    pub(super) progress: Arc<Progress>,
    /// Whether a write has to be synced at all.
    pub(super) durable: bool,
    pub(super) late: Late,
}

impl Writer {
    /// Runs until it is told to stop or every handle on the log is gone.
    pub(super) fn run(mut self) {
        while let Some(first) = self.jobs.blocking_recv() {
            let group = self.written(first);
            let stop = group.stop;
            self.finish(group);
            if stop {
                return;
            }
        }
    }

    /// The same as a task, for a simulated disk that takes simulated time.
    pub(super) async fn simulate(mut self) {
        while let Some(first) = self.jobs.recv().await {
            let group = self.written(first);
            let stop = group.stop;
            tokio::time::sleep(self.records.latency()).await;
            self.finish(group);
            if stop {
                return;
            }
        }
    }

    /// Gathers what waits and writes it.
    fn written(&mut self, first: Job) -> Group {
        let mut group = self.gather(first).unwrap_or_else(|error| die("encode a log entry", &error));
        let batch = std::mem::take(&mut group.batch);
        self.records.write(batch).unwrap_or_else(|error| die("write the raft log", &error));
        failpoint::hit("log.written");
        group
    }

    fn gather(&mut self, first: Job) -> io::Result<Group> {
        let mut group = Group::begin(&mut self.late);
        group.add(first, &mut self.late)?;
        while !group.stop && group.batch.bytes() < BATCH_BYTES_MAX {
            match self.jobs.try_recv() {
                Ok(job) => group.add(job, &mut self.late)?,
                Err(_) => break,
            }
        }
        Ok(group)
    }

    /// Makes a group safe, and tells so.
    fn finish(&self, group: Group) {
        self.secure(&group).unwrap_or_else(|error| die("write the raft log", &error));
        failpoint::hit("log.synced");
        if let Some(last) = group.last {
            self.view.lock().safe(last);
        }
        for ack in group.acks {
            match ack {
                Ack::Appended(done) => {
                    failpoint::hit("log.append.flushed");
                    done.io_completed(Ok(()));
                }
                // Nobody waits any more when Raft has been dropped meanwhile.
                Ack::Voted(done) | Ack::Done(done) => drop(done.send(())),
            }
        }
    }

    fn secure(&self, group: &Group) -> io::Result<()> {
        if !self.durable || group.acks.iter().all(Ack::is_careless) {
            return self.records.hand_over();
        }
        self.records.sync()?;
        self.progress.note_sync();
        Ok(())
    }
}
