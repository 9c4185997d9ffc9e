//! Reading the log: from memory where possible, else from RocksDB on a thread that may block.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use openraft::OptionalSend;
use openraft::storage::RaftLogReader;

use super::{LogStore, codec};
use crate::blocking::blocking;
use crate::disk::Records;
use crate::types::{Entry, Types, Vote};
use crate::wire;

/// How much of the log one message to a follower holds: so many entries, and no more when they have
/// come to so many bytes.
const LIMITED_ENTRIES: u64 = 1024;
const LIMITED_BYTES: usize = 4 << 20;

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> io::Result<Vec<Entry>>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        self.read(range, usize::MAX).await
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.inner.view.lock().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.read(start..end.min(start.saturating_add(LIMITED_ENTRIES)), LIMITED_BYTES).await
    }
}

impl LogStore {
    /// The first entries of a range, up to the one with which they come to `bytes`.
    async fn read(&self, range: impl RangeBounds<u64>, bytes: usize) -> io::Result<Vec<Entry>> {
        let (start, end, memory_first, mut recent) = {
            let view = self.inner.view.lock();
            let (start, end) = clamp(&range, view.bounds());
            let (memory_first, recent) = view.recent(start, end);
            (start, end, memory_first, recent)
        };
        if start >= end || memory_first <= start {
            limit(&mut recent, bytes);
            return Ok(recent);
        }
        let records = Arc::clone(&self.inner.records);
        let stored_end = end.min(memory_first);
        let mut entries = blocking(move || stored(&*records, start, stored_end, bytes)).await?;
        if entries.last().is_some_and(|last| last.log_id.index + 1 == stored_end) {
            entries.extend(recent);
            limit(&mut entries, bytes);
        }
        Ok(entries)
    }
}

fn limit(entries: &mut Vec<Entry>, bytes: usize) {
    let mut sum = 0_usize;
    let enough = entries.iter().position(|entry| {
        sum = sum.saturating_add(wire::size(entry));
        sum >= bytes
    });
    entries.truncate(enough.map_or(entries.len(), |last| last + 1));
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

/// The first of `start..end` from the disk; a hole is an error, never a shorter answer.
fn stored(records: &dyn Records, start: u64, end: u64, bytes: usize) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut sum = 0_usize;
    let read = records.entries(start, end, &mut |index, value| {
        if sum >= bytes || index != start + entries.len() as u64 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let entry = codec::decode_entry(index, value)?;
        sum = sum.saturating_add(wire::size(&entry));
        entries.push(entry);
        Ok(())
    });
    match read {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = entries.len() as u64;
    if found != end - start && sum < bytes {
        return Err(io::Error::other(format!("entries {start} to {end} of the log, found only the first {found}")));
    }
    Ok(entries)
}
