//! What a directed link does to what passes.

use std::time::Duration;

use serde::Serialize;

/// A link's habits. The default lets everything pass at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Nothing passes, and nobody is told.
    pub cut: bool,
    /// Nothing passes, and whoever sends is answered with a reset.
    pub reset: bool,
    /// The share of packets that are lost.
    pub loss: f64,
    /// The share that comes twice.
    pub duplicate: f64,
    /// The share that is held back, so that later ones overtake it.
    pub reorder: f64,
    pub delay: Duration,
    /// Up to so much more delay, drawn for each packet.
    pub jitter: Duration,
    /// Bytes a second.
    pub rate: Option<u64>,
}

impl Policy {
    /// Silence.
    #[must_use]
    pub fn cut() -> Self {
        Self { cut: true, ..Self::default() }
    }

    /// Refusal.
    #[must_use]
    pub fn reset() -> Self {
        Self { reset: true, ..Self::default() }
    }
}

/// What was seen on a link: an injected fault that shows nothing here did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    pub passed: u64,
    pub dropped: u64,
    pub reset: u64,
    pub delayed: u64,
    pub duplicated: u64,
    pub reordered: u64,
}

impl Counters {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::wrapping_add)
    }

    /// What came since `earlier`.
    #[must_use]
    pub fn minus(self, earlier: Self) -> Self {
        self.each(earlier, u64::saturating_sub)
    }

    /// Everything that was not just passed on.
    #[must_use]
    pub fn harmed(self) -> u64 {
        self.dropped + self.reset + self.delayed + self.duplicated + self.reordered
    }

    fn each(self, other: Self, op: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            passed: op(self.passed, other.passed),
            dropped: op(self.dropped, other.dropped),
            reset: op(self.reset, other.reset),
            delayed: op(self.delayed, other.delayed),
            duplicated: op(self.duplicated, other.duplicated),
            reordered: op(self.reordered, other.reordered),
        }
    }
}
