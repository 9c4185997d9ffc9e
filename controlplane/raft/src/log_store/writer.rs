//! The one thread that writes and syncs the log, in the order of the calls.
//!
//! While a sync is on its way the next jobs queue up; all of them then share one batch and one
//! sync. Jobs complete in order, after the sync that covers them.

use std::io;
use std::sync::Arc;

use openraft::storage::IOFlushed;
use parking_lot::Mutex;
use rocksdb::WriteBatch;
use tokio::sync::{mpsc, oneshot};

use super::codec;
use super::db::Db;
use super::recover::{COMMITTED, PURGED, VOTE};
use super::view::View;
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

/// Jobs that are written together, and what is to be done when they are safe.
#[derive(Default)]
struct Group {
    batch: WriteBatch,
    acks: Vec<Ack>,
    /// The last entry that is appended.
    last: Option<LogId>,
    stop: bool,
}

enum Ack {
    Appended(IOFlushed<Types>),
    Done(Done),
}

pub(super) struct Writer {
    pub(super) db: Arc<Db>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) view: Arc<Mutex<View>>,
    pub(super) progress: Arc<Progress>,
}

impl Writer {
    /// Runs until it is told to stop or every handle on the log is gone.
    pub(super) fn run(mut self) {
        let mut buffer = Vec::new();
        while let Some(first) = self.jobs.blocking_recv() {
            let group = self.gather(first, &mut buffer).unwrap_or_else(|error| die("encode a log entry", &error));
            let stop = group.stop;
            self.commit(group).unwrap_or_else(|error| die("write the raft log", &error));
            if stop {
                return;
            }
        }
    }

    fn gather(&mut self, first: Job, buffer: &mut Vec<u8>) -> io::Result<Group> {
        let mut group = Group::default();
        group.add(&self.db, first, buffer)?;
        while !group.stop && group.batch.size_in_bytes() < BATCH_BYTES_MAX {
            match self.jobs.try_recv() {
                Ok(job) => group.add(&self.db, job, buffer)?,
                Err(_) => break,
            }
        }
        Ok(group)
    }

    fn commit(&self, group: Group) -> io::Result<()> {
        self.db.write(group.batch)?;
        if group.acks.is_empty() {
            return self.db.hand_over();
        }
        if self.db.sync()? {
            self.progress.note_sync();
        }
        if let Some(last) = group.last {
            self.view.lock().safe(last);
        }
        for ack in group.acks {
            match ack {
                Ack::Appended(done) => done.io_completed(Ok(())),
                // Nobody waits any more when Raft has been dropped meanwhile.
                Ack::Done(done) => drop(done.send(())),
            }
        }
        Ok(())
    }
}

impl Group {
    fn add(&mut self, db: &Db, job: Job, buffer: &mut Vec<u8>) -> io::Result<()> {
        match job {
            Job::Append { entries, done } => self.append(db, &entries, done, buffer)?,
            Job::Vote { vote, done } => {
                self.batch.put_cf(db.meta(), VOTE, codec::encode_record(&vote)?);
                self.acks.push(Ack::Done(done));
            }
            Job::Committed(committed) => {
                self.batch.put_cf(db.meta(), COMMITTED, codec::encode_record(&committed)?);
            }
            Job::Truncate { after, done } => {
                let next = after.map_or(0, |after| after.index + 1);
                self.batch.delete_range_cf(db.logs(), codec::key(next), codec::key(u64::MAX));
                self.acks.push(Ack::Done(done));
            }
            Job::Purge { upto, done } => {
                self.batch.put_cf(db.meta(), PURGED, codec::encode_record(&upto)?);
                self.batch.delete_range_cf(db.logs(), codec::key(0), codec::key(upto.index + 1));
                self.acks.push(Ack::Done(done));
            }
            Job::Stop(done) => {
                self.stop = true;
                self.acks.push(Ack::Done(done));
            }
        }
        Ok(())
    }

    fn append(&mut self, db: &Db, entries: &[Entry], done: IOFlushed<Types>, buffer: &mut Vec<u8>) -> io::Result<()> {
        for entry in entries {
            codec::encode_entry(entry, buffer)?;
            self.batch.put_cf(db.logs(), codec::key(entry.log_id.index), &buffer);
            self.last = Some(entry.log_id);
        }
        self.acks.push(Ack::Appended(done));
        Ok(())
    }
}
