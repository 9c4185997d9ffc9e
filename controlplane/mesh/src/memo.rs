//! A value derived from the state, remembered until something that it was read from changes.
//!
//! Any number of readers share one computation a change. Values that nobody holds are forgotten when
//! there are too many of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weft_state::{Reads, State, StateView};

/// Values by key.
#[derive(Debug)]
pub struct Memo<K, V> {
    slots: Mutex<Slots<K, V>>,
    computed: AtomicU64,
}

#[derive(Debug)]
struct Slots<K, V> {
    by_key: BTreeMap<K, Arc<Slot<V>>>,
    /// How many values may be kept at least.
    room: usize,
    /// At this many slots those that nobody holds are dropped.
    sweep_at: usize,
}

/// Locked while its value is computed, so that others wait for that computation instead of repeating it.
type Slot<V> = Mutex<Option<Arc<Derived<V>>>>;

/// A value with what it was read from.
#[derive(Debug)]
pub struct Derived<V> {
    pub value: V,
    pub reads: Reads,
}

impl<K: Clone + Ord, V> Memo<K, V> {
    /// An empty memo that keeps up to `room` values which nobody holds, and all that somebody does.
    #[must_use]
    pub fn with_room(room: usize) -> Self {
        let slots = Slots { by_key: BTreeMap::new(), room, sweep_at: room };
        Self { slots: Mutex::new(slots), computed: AtomicU64::new(0) }
    }

    /// The value of `key` as of `state`: the one in use if nothing that it read has changed, else a new
    /// one. `derive` must be a function of the key and of what it reads through the view.
    pub fn get(&self, state: &State, key: &K, derive: impl FnOnce(&StateView<'_>) -> V) -> Arc<Derived<V>> {
        let slot = self.slot(key);
        let mut held = lock(&slot);
        if let Some(known) = held.as_ref().filter(|known| known.is_valid(state)) {
            return Arc::clone(known);
        }
        self.computed.fetch_add(1, Ordering::Relaxed);
        let view = StateView::new(state);
        let value = derive(&view);
        let fresh = Arc::new(Derived { value, reads: view.reads() });
        *held = Some(Arc::clone(&fresh));
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
            // A slot that is held by more than the map is being filled or read.
            let in_use = |slot: &Arc<Slot<V>>| {
                Arc::strong_count(slot) > 1 || lock(slot).as_ref().is_some_and(|value| Arc::strong_count(value) > 1)
            };
            slots.by_key.retain(|_, slot| in_use(slot));
            slots.sweep_at = slots.by_key.len() * 2 + slots.room;
        }
        let slot: Arc<Slot<V>> = Arc::default();
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

#[cfg(test)]
mod tests {
    use weft_model::{Command, Envelope, RequestId, Timestamp, Topic};
    use weft_state::apply;

    use super::*;

    fn with_nodes(names: &[&str]) -> State {
        let mut state = State::default();
        for (index, name) in (1u64..).zip(names) {
            let node = weft_model::catalog::Node { name: (*name).into(), address: "::1".into(), ..Default::default() };
            let id = RequestId { origin: 1, sequence: index };
            let envelope = Envelope { id, settled: index, at: Timestamp(0), command: Command::register_node(node) };
            state = apply(&state, index, &envelope).state;
        }
        state
    }

    #[test]
    fn a_value_is_computed_once_until_what_it_read_changes() {
        let memo: Memo<&str, usize> = Memo::with_room(8);
        let read = |view: &StateView<'_>| usize::from(view.node(&"a".into()).is_some());
        let [none, other, both] = [with_nodes(&[]), with_nodes(&["b"]), with_nodes(&["b", "a"])];
        assert_eq!(memo.get(&none, &"a", read).value, 0);
        assert_eq!(memo.get(&other, &"a", read).value, 0);
        assert_eq!(memo.computed(), 1);
        assert_eq!(memo.get(&both, &"a", read).value, 1);
        assert_eq!(memo.get(&both, &"a", read).value, 1);
        assert_eq!(memo.computed(), 2);
        assert_eq!(memo.get(&other, &"a", read).value, 0, "an older state is not answered from a newer one");
    }

    #[test]
    fn a_reader_reads_what_the_value_was_read_from() {
        let memo: Memo<&str, ()> = Memo::with_room(8);
        let state = with_nodes(&[]);
        for _ in 0..2 {
            let view = StateView::new(&state);
            memo.read(&view, &"a", |view| drop(view.node(&"a".into())));
            assert!(view.reads().topics.contains(&Topic::Node("a".into())));
        }
    }

    #[test]
    fn what_nobody_holds_is_forgotten_in_time() {
        let memo: Memo<usize, usize> = Memo::with_room(8);
        let state = with_nodes(&[]);
        let held: Vec<_> = (0..20).map(|key| memo.get(&state, &key, |_| key)).collect();
        for key in 20..10_000 {
            memo.get(&state, &key, |_| key);
        }
        assert!(lock(&memo.slots).by_key.len() < 100);
        let before = memo.computed();
        for (key, held) in held.iter().enumerate() {
            assert!(Arc::ptr_eq(held, &memo.get(&state, &key, |_| key)));
        }
        assert_eq!(memo.computed(), before);
    }
}
