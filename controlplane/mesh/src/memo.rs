//! A value derived from the state, remembered until something that it was read from changes.
//!
//! Any number of readers share one computation a change. A value that nobody holds any more is
//! forgotten.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use weft_state::{Reads, State, StateView};

/// Values by key. Holders keep an `Arc` of what they use.
#[derive(Debug)]
pub struct Memo<K, V> {
    slots: Mutex<Slots<K, V>>,
    computed: AtomicU64,
}

#[derive(Debug)]
struct Slots<K, V> {
    by_key: BTreeMap<K, Arc<Slot<V>>>,
    /// At this many slots those without a holder are dropped.
    sweep_at: usize,
}

/// Locked while its value is computed, so that others wait for that computation instead of repeating it.
type Slot<V> = Mutex<Weak<Derived<V>>>;

/// A value with what it was read from.
#[derive(Debug)]
pub struct Derived<V> {
    pub value: V,
    pub reads: Reads,
}

const SWEEP_AT_LEAST: usize = 256;

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        let slots = Slots { by_key: BTreeMap::new(), sweep_at: SWEEP_AT_LEAST };
        Self { slots: Mutex::new(slots), computed: AtomicU64::new(0) }
    }
}

impl<K: Clone + Ord, V> Memo<K, V> {
    /// The value of `key` as of `state`: the one in use if nothing that it read has changed, else a new
    /// one. `derive` must be a function of the key and of what it reads through the view.
    pub fn get(&self, state: &State, key: &K, derive: impl FnOnce(&StateView<'_>) -> V) -> Arc<Derived<V>> {
        let slot = self.slot(key);
        let mut held = lock(&slot);
        if let Some(known) = held.upgrade().filter(|known| known.is_valid(state)) {
            return known;
        }
        self.computed.fetch_add(1, Ordering::Relaxed);
        let view = StateView::new(state);
        let value = derive(&view);
        let fresh = Arc::new(Derived { value, reads: view.reads() });
        *held = Arc::downgrade(&fresh);
        fresh
    }

    /// As [`Memo::get`], and notes in `view` what the value was read from.
    pub fn read(&self, view: &StateView<'_>, key: &K, derive: impl FnOnce(&StateView<'_>) -> V) -> Arc<Derived<V>> {
        let derived = self.get(view.state(), key, derive);
        for topic in &derived.reads.topics {
            view.note(topic.clone());
        }
        derived
    }

    /// How many values were computed so far.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    fn slot(&self, key: &K) -> Arc<Slot<V>> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.by_key.get(key) {
            return Arc::clone(slot);
        }
        if slots.by_key.len() >= slots.sweep_at {
            // A slot that somebody is about to fill is held by more than the map.
            slots.by_key.retain(|_, slot| Arc::strong_count(slot) > 1 || lock(slot).strong_count() > 0);
            slots.sweep_at = (slots.by_key.len() * 2).max(SWEEP_AT_LEAST);
        }
        let slot = Arc::new(Mutex::new(Weak::new()));
        slots.by_key.insert(key.clone(), Arc::clone(&slot));
        slot
    }
}

impl<V> Derived<V> {
    /// Whether `state` shows all that was read as it was: a later change of any of it would have a
    /// higher index than the highest one then.
    fn is_valid(&self, state: &State) -> bool {
        let newest = self.reads.topics.iter().map(|topic| state.touched_at(topic)).max();
        newest.unwrap_or(0) == self.reads.changed_at
    }
}

/// A poisoned lock guards a value that is replaced as a whole, so it is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
