//! Queries of keys. Lists are in byte order.

use std::sync::Arc;

use weft_model::catalog::Indexed;
use weft_model::{Key, KvEntry, Topic};

use super::StateView;

impl StateView<'_> {
    /// One key.
    #[must_use]
    pub fn kv(&self, key: &str) -> Option<Indexed<KvEntry>> {
        self.note(Topic::Kv(key.into()));
        self.state.kv.entries.get(key).cloned()
    }

    /// How many keys there are.
    #[must_use]
    pub fn kv_count(&self) -> usize {
        self.note(Topic::KvPrefix("".into()));
        self.state.kv.entries.len()
    }

    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn kv_list(&self, prefix: &str) -> Vec<(Key, Indexed<KvEntry>)> {
        self.note(Topic::KvPrefix(prefix.into()));
        self.state.kv.under(prefix).map(|(key, entry)| (Arc::clone(key), entry.clone())).collect()
    }

    /// The names of the keys that begin with `prefix`. What follows the first `separator` past the prefix
    /// is cut off, and equal names are one; an empty separator cuts nothing.
    #[must_use]
    pub fn kv_keys(&self, prefix: &str, separator: &str) -> Vec<Key> {
        self.note(Topic::KvPrefix(prefix.into()));
        let mut names: Vec<Key> = Vec::new();
        for (key, _) in self.state.kv.under(prefix) {
            let cut = if separator.is_empty() { None } else { key[prefix.len()..].find(separator) };
            let Some(cut) = cut else {
                names.push(Arc::clone(key));
                continue;
            };
            let name = &key[..prefix.len() + cut + separator.len()];
            // Names that are cut alike lie together.
            if names.last().is_none_or(|last| **last != *name) {
                names.push(name.into());
            }
        }
        names
    }
}
