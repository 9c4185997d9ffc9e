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

/// Mutants M2 and M6: how many later groups are written before what was put off is. The next one would come so soon
/// that hardly any crash fell before it.
const LATE: u32 = 200;

/// Mutants M2 and M6 only: a vote that was told before it is written, and entries that are to be removed, and are when
/// others have been appended before them; each with the number of groups until then.
#[derive(Default)]
pub(super) struct Late {
    vote: Option<(Vec<u8>, u32)>,
    cut: Option<(u64, u32)>,
}

impl Late {
    fn appended(&mut self, index: u64) {
        if let Some((from, _)) = &mut self.cut {
            *from = (*from).max(index + 1);
        }
    }
}

/// What is due with this group.
fn due<T>(late: &mut Option<(T, u32)>) -> Option<T> {
    let (_, groups) = late.as_mut()?;
    *groups = groups.saturating_sub(1);
    late.take_if(|(_, groups)| *groups == 0).map(|(what, _)| what)
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
    pub(super) fn begin(late: &mut Late) -> Self {
        let mut group = Self::default();
        if let Some(from) = due(&mut late.cut) {
            group.batch.add(Change::Remove(from..u64::MAX));
        }
        if let Some(vote) = due(&mut late.vote) {
            group.batch.add(Change::Note(VOTE, vote));
        }
        group
    }

    pub(super) fn add(&mut self, job: Job, late: &mut Late) -> io::Result<()> {
        match job {
            Job::Append { entries, done } => {
                failpoint::hit("log.append");
                for entry in &entries {
                    self.batch.add(Change::Entry(entry.log_id.index, codec::encode_entry(entry)?));
                    self.last = Some(entry.log_id);
                    late.appended(entry.log_id.index);
                }
                self.acks.push(Ack::Appended(done));
            }
            Job::Vote { vote, done } => {
                failpoint::hit("log.vote");
                let vote = codec::encode_record(&vote)?;
                if active(Mutant::M2) {
                    late.vote = Some((vote, LATE));
                } else {
                    self.batch.add(Change::Note(VOTE, vote));
                }
                self.acks.push(Ack::Voted(done));
            }
            Job::Committed(committed) => self.batch.add(Change::Note(COMMITTED, codec::encode_record(&committed)?)),
            Job::Truncate { after, done } => {
                failpoint::hit("log.truncate");
                let next = after.map_or(0, |after| after.index + 1);
                if active(Mutant::M6) {
                    late.cut = Some((next, LATE));
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
