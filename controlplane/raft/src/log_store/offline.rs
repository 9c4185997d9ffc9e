//! The log of a server that does not run.

use std::io;
use std::sync::Arc;

use openraft::EntryPayload;

use super::codec;
use super::recover::{PURGED, VOTE, recover};
use super::watermark::Watermark;
use crate::disk::{Change, Files, Records};
use crate::error::StartError;
use crate::types::{Entry, LogId, Membership, Vote};

/// The checked ends of a log.
pub(crate) struct LogEnds {
    pub(crate) vote: Option<Vote>,
    pub(crate) purged: Option<LogId>,
    pub(crate) last: Option<LogId>,
}

/// Reads and checks all of it.
pub(crate) fn ends(records: &dyn Records, notes: Arc<dyn Files>) -> Result<LogEnds, StartError> {
    let recovered = recover(records)?;
    Watermark::open(notes)?.check(&recovered, records.place())?;
    Ok(LogEnds { vote: recovered.vote, purged: recovered.purged, last: recovered.last })
}

/// The newest membership in the log.
pub(crate) fn log_membership(records: &dyn Records, from: u64) -> io::Result<Option<Membership>> {
    let mut newest = None;
    records.entries(from, u64::MAX, &mut |index, value| {
        if codec::is_membership(value)
            && let EntryPayload::Membership(membership) = codec::decode_entry(index, value)?.payload
        {
            newest = Some(membership);
        }
        Ok(())
    })?;
    Ok(newest)
}

pub(crate) fn vote_bytes(vote: &Vote) -> io::Result<Change> {
    Ok(Change::Note(VOTE, codec::encode_record(vote)?))
}

pub(crate) fn purged(upto: &LogId) -> io::Result<Change> {
    Ok(Change::Note(PURGED, codec::encode_record(upto)?))
}

pub(crate) fn entry_bytes(entry: &Entry) -> io::Result<Change> {
    Ok(Change::Entry(entry.log_id.index, codec::encode_entry(entry)?))
}
