//! The table of keys. A key's index is its entry's, or its tombstone's when it is gone.
//!
//! Tombstones are forgotten in time. From then on the floor stands for all of them: whoever asks
//! about something missing with an index below it is told to look again, so no removal is missed.

use std::ops::Bound;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use weft_model::catalog::Indexed;
use weft_model::{Key, KvEntry};

use crate::state::State;

/// All keys, and those that were removed not long ago.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KvTable {
    pub(crate) entries: OrdMap<Key, Indexed<KvEntry>>,
    /// Log index of the removal of each key that is not there.
    pub(crate) graves: OrdMap<Key, u64>,
    /// Log index of the last change of any key.
    pub(crate) index: u64,
    /// The highest index of a tombstone that was forgotten.
    pub(crate) floor: u64,
}

impl KvTable {
    /// The keys that begin with `prefix`, in byte order.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a Key, &'a Indexed<KvEntry>)> {
        self.entries.range::<_, str>(from(prefix)).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Log index of the last change of `key`, as far as it is remembered.
    pub(crate) fn changed_at(&self, key: &str) -> u64 {
        match self.entries.get(key) {
            Some(entry) => entry.modify_index,
            None => self.graves.get(key).copied().unwrap_or(self.floor),
        }
    }

    /// As [`KvTable::changed_at`], and the index to report: for a missing key, as Consul has it, that of the
    /// whole table.
    pub(crate) fn indexes(&self, key: &str) -> (u64, u64) {
        let reported = self.entries.get(key).map_or(self.index, |entry| entry.modify_index);
        (self.changed_at(key), reported)
    }

    /// Log index of the last change of any key under `prefix`, as far as it is remembered, and the index to
    /// report. A prefix without keys and tombstones is reported with the index of the whole table.
    pub(crate) fn prefix_indexes(&self, prefix: &str) -> (u64, u64) {
        let newest = self.newest_under(prefix);
        let changed_at = newest.unwrap_or(0).max(self.floor);
        if newest.is_some() && !prefix.is_empty() { (changed_at, changed_at) } else { (changed_at, self.index) }
    }

    fn newest_under(&self, prefix: &str) -> Option<u64> {
        let graves = self.graves.range::<_, str>(from(prefix)).take_while(|(key, _)| key.starts_with(prefix));
        let newest_grave = graves.map(|(_, index)| *index).max();
        let newest_entry = self.under(prefix).map(|(_, entry)| entry.modify_index).max();
        newest_entry.max(newest_grave)
    }
}

fn from(prefix: &str) -> (Bound<&str>, Bound<&str>) {
    (Bound::Included(prefix), Bound::Unbounded)
}

impl State {
    /// Whether the removal of any key up to `index` is still remembered.
    #[must_use]
    pub fn has_tombstones(&self, index: u64) -> bool {
        self.kv.graves.values().any(|removed| *removed <= index)
    }
}
