//! What is known of the log in memory: its ends, the vote, and the newest entries.

use std::collections::VecDeque;

use openraft::EntryPayload;

use super::recover::Recovered;
use crate::types::{Entry, LogId, Vote};

/// Entries are kept for the state machine and for followers that are nearly up to date. Counted are
/// encoded bytes; decoded, they take some times as much.
const RECENT_BYTES_MAX: usize = 8 << 20;

/// The log as its readers see it. Entries are here from the moment they are appended, and stay at
/// least until they can be read from RocksDB.
pub(super) struct View {
    last: Option<LogId>,
    purged: Option<LogId>,
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    /// The last entry that is safe on the disk.
    safe: Option<LogId>,
    /// The first index that can be read.
    first: u64,
    recent: VecDeque<Entry>,
    recent_bytes: usize,
}

impl View {
    pub(super) fn new(recovered: Recovered) -> Self {
        Self {
            last: recovered.last,
            purged: recovered.purged,
            vote: recovered.vote,
            committed: recovered.committed,
            safe: recovered.last,
            first: next(recovered.purged),
            recent: VecDeque::new(),
            recent_bytes: 0,
        }
    }

    pub(super) fn last(&self) -> Option<LogId> {
        self.last
    }

    pub(super) fn purged(&self) -> Option<LogId> {
        self.purged
    }

    /// The first index and the one after the last.
    pub(super) fn bounds(&self) -> (u64, u64) {
        (self.first, next(self.last).max(self.first))
    }

    /// The entries of `start..end` that are in memory, and the index where memory begins.
    pub(super) fn recent(&self, start: u64, end: u64) -> (u64, Vec<Entry>) {
        let first = self.recent_first();
        let skip = start.saturating_sub(first) as usize;
        let take = end.saturating_sub(start.max(first)) as usize;
        (first, self.recent.iter().skip(skip).take(take).cloned().collect())
    }

    pub(super) fn append(&mut self, entries: &[Entry]) {
        let (first, next) = self.bounds();
        if let (true, Some(entry)) = (first == next, entries.first()) {
            self.first = entry.log_id.index;
        }
        for entry in entries {
            self.last = Some(entry.log_id);
            self.recent_bytes += size(entry);
            self.recent.push_back(entry.clone());
        }
    }

    pub(super) fn safe_last(&self) -> Option<LogId> {
        self.safe
    }

    /// The log is on the disk up to `last`; memory may let go of the oldest entries.
    pub(super) fn safe(&mut self, last: LogId) {
        self.safe = Some(last);
        while self.recent_bytes > RECENT_BYTES_MAX && self.recent_first() < next(self.safe) {
            self.drop_first();
        }
    }

    pub(super) fn truncate_after(&mut self, last: Option<LogId>) {
        while self.recent.back().is_some_and(|entry| entry.log_id.index >= next(last)) {
            if let Some(entry) = self.recent.pop_back() {
                self.recent_bytes -= size(&entry);
            }
        }
        self.last = self.last.min(last);
        self.safe = self.safe.min(last);
    }

    pub(super) fn purge(&mut self, upto: LogId) {
        while self.recent.front().is_some_and(|entry| entry.log_id.index <= upto.index) {
            self.drop_first();
        }
        self.purged = Some(upto);
        self.first = upto.index + 1;
        self.last = self.last.max(Some(upto));
        self.safe = self.safe.max(Some(upto));
    }

    fn recent_first(&self) -> u64 {
        self.recent.front().map_or_else(|| self.bounds().1, |entry| entry.log_id.index)
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.recent.pop_front() {
            self.recent_bytes -= size(&entry);
        }
    }
}

fn next(log_id: Option<LogId>) -> u64 {
    log_id.map_or(0, |log_id| log_id.index + 1)
}

fn size(entry: &Entry) -> usize {
    let payload = match &entry.payload {
        EntryPayload::Normal(request) => request.encoded().len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    };
    payload + size_of::<Entry>()
}
