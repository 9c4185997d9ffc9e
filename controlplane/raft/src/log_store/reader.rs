//! Reading the log: from memory where possible, else from RocksDB on a thread that may block.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use openraft::OptionalSend;
use openraft::storage::RaftLogReader;

use super::{LogStore, codec, db::Db};
use crate::types::{Entry, Types, Vote};

/// How much of the log one answer to a lagging follower holds.
const LIMITED_ENTRIES: u64 = 1024;

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> io::Result<Vec<Entry>>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (start, end, memory_first, recent) = {
            let view = self.inner.view.lock();
            let (start, end) = clamp(&range, view.bounds());
            let (memory_first, recent) = view.recent(start, end);
            (start, end, memory_first, recent)
        };
        if start >= end || memory_first <= start {
            return Ok(recent);
        }
        let db = Arc::clone(&self.inner.db);
        let stored_end = end.min(memory_first);
        let stored = tokio::task::spawn_blocking(move || stored(&db, start, stored_end));
        let mut entries = stored.await.map_err(io::Error::other)??;
        entries.extend(recent);
        Ok(entries)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.inner.view.lock().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.try_get_log_entries(start..end.min(start.saturating_add(LIMITED_ENTRIES))).await
    }
}

fn clamp(range: &impl RangeBounds<u64>, (first, next): (u64, u64)) -> (u64, u64) {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => end.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => u64::MAX,
    };
    (start.max(first), end.min(next))
}

/// All of `start..end` from RocksDB; a hole is an error, never a shorter answer.
fn stored(db: &Db, start: u64, end: u64) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity((end - start) as usize);
    for item in db.entries(start).take((end - start) as usize) {
        let (key, value) = item?;
        entries.push(codec::decode_entry(&key, &value)?);
    }
    let found = entries.first().map(|entry| entry.log_id.index)..entries.last().map(|entry| entry.log_id.index + 1);
    if found != (Some(start)..Some(end)) {
        return Err(io::Error::other(format!("entries {start} to {end} of the log, found only {found:?}")));
    }
    Ok(entries)
}
