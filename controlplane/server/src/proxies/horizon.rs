//! Up to which index a stream's newest set is known to hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use weft_model::Topic;
use weft_state::Store;
use weft_xds::source;

/// What the newest set was read from, and when. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Horizon(Arc<Mutex<Read>>);

#[derive(Default)]
struct Read {
    topics: Arc<BTreeSet<Topic>>,
    at: u64,
}

impl Horizon {
    /// The newest set was made from these topics at this index.
    pub(super) fn note(&self, topics: &Arc<BTreeSet<Topic>>, at: u64) {
        *self.0.lock() = Read { topics: Arc::clone(topics), at };
    }

    /// The question as the ledger asks it. It asks the state, not the wake-ups, which come later.
    pub(super) fn ask(&self, store: &Arc<Store>) -> source::Horizon {
        let (read, store) = (Arc::clone(&self.0), Arc::clone(store));
        Arc::new(move || {
            let state = store.current();
            let read = read.lock();
            let unchanged = read.topics.iter().all(|topic| state.touched_at(topic) <= read.at);
            if unchanged { state.index().max(read.at) } else { read.at }
        })
    }
}
