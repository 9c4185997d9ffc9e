//! When what is over. Values only: the clock is an argument.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

/// A deadline for each key, in their order. Setting and taking away cost the logarithm of their number.
#[derive(Debug)]
pub(super) struct Deadlines<K> {
    at: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { at: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Clone + Ord> Deadlines<K> {
    /// Sets the deadline, or moves it.
    pub(super) fn set(&mut self, key: K, at: Instant) {
        if let Some(former) = self.at.insert(key.clone(), at) {
            self.order.remove(&(former, key.clone()));
        }
        self.order.insert((at, key));
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(former) = self.at.remove(key) {
            self.order.remove(&(former, key.clone()));
        }
    }

    /// The first deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out a key whose deadline is not after `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.order.pop_first()?;
        self.at.remove(&key);
        Some(key)
    }
}
