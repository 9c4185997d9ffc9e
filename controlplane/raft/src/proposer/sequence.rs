//! The numbers of the writes that this server proposes.
//!
//! A number is unique among all servers and all their runs, and is kept through every try. With each
//! write goes the number below which all have been answered or given up: whoever applies them need not
//! remember those, and must not apply them any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::Rng;
use weft_model::RequestId;

use crate::simulated::Dice;

/// Gives out numbers.
pub(super) struct Sequence {
    origin: u64,
    open: Mutex<Open>,
}

struct Open {
    next: u64,
    /// The first numbers of the batches that are under way.
    batches: BTreeSet<u64>,
}

/// The numbers of one batch. When it is dropped, none of them is ever sent again.
pub(super) struct Numbers {
    sequence: Arc<Sequence>,
    first: u64,
    /// Everything below is done with.
    pub(super) settled: u64,
}

impl Sequence {
    /// For one run of this server.
    pub(super) fn new() -> Arc<Self> {
        let origin = Dice.next_u64();
        Arc::new(Self { origin, open: Mutex::new(Open { next: 1, batches: BTreeSet::new() }) })
    }

    pub(super) fn take(self: &Arc<Self>, count: usize) -> Numbers {
        let mut open = self.open.lock();
        let first = open.next;
        open.next += count.max(1) as u64;
        open.batches.insert(first);
        let settled = open.batches.first().copied().unwrap_or(first);
        Numbers { sequence: Arc::clone(self), first, settled }
    }
}

impl Numbers {
    pub(super) fn id(&self, position: usize) -> RequestId {
        RequestId { origin: self.sequence.origin, sequence: self.first + position as u64 }
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.sequence.open.lock().batches.remove(&self.first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_with_ends_where_the_oldest_open_batch_begins() {
        let sequence = Sequence::new();
        let (first, second, third) = (sequence.take(3), sequence.take(2), sequence.take(1));
        assert_eq!((first.id(2).sequence, second.id(0).sequence, third.id(0).sequence), (3, 4, 6));
        assert_eq!((first.settled, second.settled, third.settled), (1, 1, 1));
        drop(second);
        assert_eq!(sequence.take(1).settled, 1);
        drop(first);
        assert_eq!(sequence.take(1).settled, 6);
        drop(third);
        let last = sequence.take(1);
        assert_eq!((last.settled, last.id(0).sequence), (9, 9));
    }
}
