//! What a server finds of its log when it starts, and whether that can be all.

use std::io;

use super::codec;
use crate::disk::Records;
use crate::error::StartError;
use crate::types::{LogId, Vote};
use serde::de::DeserializeOwned;

pub(super) const VOTE: &str = "vote";
pub(super) const COMMITTED: &str = "committed";
pub(super) const PURGED: &str = "purged";

/// The recovered ends of the log.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    pub(super) purged: Option<LogId>,
    /// The last entry, or the last one that was purged.
    pub(super) last: Option<LogId>,
}

/// Reads all of the log once: every checksum is verified, and a hole or a missing end is found now
/// and not when a follower asks for it.
pub(super) fn recover(records: &dyn Records) -> Result<Recovered, StartError> {
    let damaged = |error: io::Error| StartError::damaged(records.place(), error.to_string());
    let mut found = Recovered {
        vote: note(records, VOTE).map_err(damaged)?,
        committed: note(records, COMMITTED).map_err(damaged)?,
        purged: note(records, PURGED).map_err(damaged)?,
        last: None,
    };
    found.last = scan(records, found.purged).map_err(damaged)?;
    Ok(found)
}

/// What is noted under a name.
pub(super) fn note<T: DeserializeOwned>(records: &dyn Records, name: &str) -> io::Result<Option<T>> {
    records.note(name)?.map(|bytes| codec::decode_record(name, &bytes)).transpose()
}

fn scan(records: &dyn Records, purged: Option<LogId>) -> io::Result<Option<LogId>> {
    let mut last = purged;
    let start = purged.map_or(0, |purged| purged.index + 1);
    records.entries(start, u64::MAX, &mut |index, value| {
        let next = codec::decode_log_id(index, value)?;
        let expected = last.map_or(0, |last| last.index + 1);
        if next.index != expected || Some(next.leader_id) < last.map(|last| last.leader_id) {
            return Err(io::Error::other(format!("entry {next} follows {}", text(last))));
        }
        last = Some(next);
        Ok(())
    })?;
    Ok(last)
}

/// A log id for people: `TERM.INDEX`.
pub(crate) fn text(log_id: Option<LogId>) -> String {
    log_id.map_or_else(|| "nothing".to_owned(), |log_id| log_id.to_string())
}
