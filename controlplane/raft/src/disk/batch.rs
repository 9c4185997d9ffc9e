//! Changes that are made together.

use std::ops::Range;

/// One change of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces what is noted under a name.
    Note(&'static str, Vec<u8>),
    /// Replaces the entry at an index.
    Entry(u64, Vec<u8>),
    /// Removes the entries at these indexes.
    Remove(Range<u64>),
}

/// Changes in order; the later one counts.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
    bytes: usize,
}

impl Batch {
    /// These changes.
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut batch = Self::default();
        changes.into_iter().for_each(|change| batch.add(change));
        batch
    }

    pub(crate) fn add(&mut self, change: Change) {
        self.bytes += match &change {
            Change::Note(_, bytes) | Change::Entry(_, bytes) => bytes.len(),
            Change::Remove(_) => 0,
        };
        self.changes.push(change);
    }

    /// How many bytes are to be written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}
