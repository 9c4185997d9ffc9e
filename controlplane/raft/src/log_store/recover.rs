//! What a server finds of its log when it starts, and whether that can be all.

use std::io;

use super::{codec, db::Db};
use crate::error::StartError;
use crate::types::{LogId, Vote};

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
pub(super) fn recover(db: &Db) -> Result<Recovered, StartError> {
    let damaged = |error: io::Error| StartError::damaged(db.path(), error.to_string());
    let mut found = Recovered {
        vote: db.record(VOTE).map_err(damaged)?,
        committed: db.record(COMMITTED).map_err(damaged)?,
        purged: db.record(PURGED).map_err(damaged)?,
        last: None,
    };
    found.last = scan(db, found.purged).map_err(damaged)?;
    if found.committed > found.last {
        let why = format!("entry {} was committed, the log ends at {}", text(found.committed), text(found.last));
        return Err(StartError::damaged(db.path(), why));
    }
    Ok(found)
}

fn scan(db: &Db, purged: Option<LogId>) -> io::Result<Option<LogId>> {
    let mut last = purged;
    for item in db.entries(purged.map_or(0, |purged| purged.index + 1)) {
        let (key, value) = item?;
        let next = codec::decode_log_id(&key, &value)?;
        let expected = last.map_or(0, |last| last.index + 1);
        if next.index != expected || Some(next.leader_id) < last.map(|last| last.leader_id) {
            return Err(io::Error::other(format!("entry {next} follows {}", text(last))));
        }
        last = Some(next);
    }
    Ok(last)
}

/// A log id for people: `TERM.INDEX`.
pub(super) fn text(log_id: Option<LogId>) -> String {
    log_id.map_or_else(|| "nothing".to_owned(), |log_id| log_id.to_string())
}
