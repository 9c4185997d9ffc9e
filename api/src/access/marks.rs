//! What happened while a request was answered.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Notes of one request.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    looked: AtomicBool,
    hidden: AtomicBool,
}

impl Marks {
    /// The answer is made anew: what was left out of the former one does not count.
    pub(super) fn begin(&self) {
        self.hidden.store(false, Relaxed);
    }

    /// Somebody has asked what the caller may do.
    pub(super) fn look(&self) {
        self.looked.store(true, Relaxed);
    }

    /// Something was left out that the caller may not see.
    pub(super) fn hide(&self) {
        self.hidden.store(true, Relaxed);
    }

    /// The answer was made for another request of somebody who may see the same.
    pub(crate) fn repeat(&self, hidden: bool) {
        self.looked.store(true, Relaxed);
        self.hidden.store(hidden, Relaxed);
    }

    pub(super) fn has_looked(&self) -> bool {
        self.looked.load(Relaxed)
    }

    pub(crate) fn has_hidden(&self) -> bool {
        self.hidden.load(Relaxed)
    }
}
