//! Jobs that are written together, and what is to be done when they are safe.

use std::io;

use openraft::storage::IOFlushed;
use weft_model::failpoint;
use weft_model::mutant::{Mutant, active};

use super::codec;
use super::recover::{COMMITTED, PURGED, VOTE};
use super::writer::{Done, Job};
use crate::disk::{Batch, Change};
use crate::types::{LogId, Types};

#[derive(Default)]
pub(super) struct Group {
    pub(super) batch: Batch,
    pub(super) acks: Vec<Ack>,
    /// The last entry that is appended.
    pub(super) last: Option<LogId>,
    pub(super) stop: bool,
}

pub(super) enum Ack {
    Appended(IOFlushed<Types>),
    Voted(Done),
    Done(Done),
}

/// Mutant M6 only: entries that are to be removed, and are when others have been appended before them.
#[derive(Default)]
pub(super) struct Uncut {
    from: Option<u64>,
    appended: bool,
}

impl Uncut {
    fn appended(&mut self, index: u64) {
        self.from = self.from.map(|from| from.max(index + 1));
        self.appended = true;
    }

    fn due(&mut self) -> Option<u64> {
        self.from.take_if(|_| self.appended)
    }
}

impl Ack {
    /// Mutants M1 and M2: it is told before it is safe.
    pub(super) fn is_careless(&self) -> bool {
        match self {
            Self::Appended(_) => active(Mutant::M1),
            Self::Voted(_) => active(Mutant::M2),
            Self::Done(_) => false,
        }
    }
}

impl Group {
    pub(super) fn begin(uncut: &mut Uncut) -> Self {
        let mut group = Self::default();
        if let Some(from) = uncut.due() {
            group.batch.add(Change::Remove(from..u64::MAX));
        }
        group
    }

    pub(super) fn add(&mut self, job: Job, uncut: &mut Uncut) -> io::Result<()> {
        match job {
            Job::Append { entries, done } => {
                failpoint::hit("log.append");
                for entry in &entries {
                    self.batch.add(Change::Entry(entry.log_id.index, codec::encode_entry(entry)?));
                    self.last = Some(entry.log_id);
                    uncut.appended(entry.log_id.index);
                }
                self.acks.push(Ack::Appended(done));
            }
            Job::Vote { vote, done } => {
                failpoint::hit("log.vote");
                self.batch.add(Change::Note(VOTE, codec::encode_record(&vote)?));
                self.acks.push(Ack::Voted(done));
            }
            Job::Committed(committed) => self.batch.add(Change::Note(COMMITTED, codec::encode_record(&committed)?)),
            Job::Truncate { after, done } => {
                failpoint::hit("log.truncate");
                let next = after.map_or(0, |after| after.index + 1);
                if active(Mutant::M6) {
                    *uncut = Uncut { from: Some(next), appended: false };
                } else {
                    self.batch.add(Change::Remove(next..u64::MAX));
                }
                self.last = self.last.min(after);
                self.acks.push(Ack::Done(done));
            }
            Job::Purge { upto, done } => {
                failpoint::hit("log.purge");
                self.batch.add(Change::Note(PURGED, codec::encode_record(&upto)?));
                self.batch.add(Change::Remove(0..upto.index + 1));
                self.acks.push(Ack::Done(done));
            }
            Job::Stop(done) => {
                self.stop = true;
                self.acks.push(Ack::Done(done));
            }
        }
        Ok(())
    }
}
