//! When this server last heard of a leader that it follows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) struct Heard {
    start: Instant,
    /// Milliseconds after the start; it has never heard of one while this is 0.
    last: AtomicU64,
}

impl Heard {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0) }
    }

    /// A message that came then was from the leader.
    pub(crate) fn note(&self, at: Instant) {
        let millis = at.saturating_duration_since(self.start).as_millis();
        self.last.fetch_max(u64::try_from(millis).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// For how long it has not. Counts from the start when it never has.
    pub(crate) fn silence(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}
