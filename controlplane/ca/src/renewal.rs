//! When a leaf is replaced: ahead of its end, at once after a change of root, and with growing
//! pauses while that fails. One schedule a leaf, so that one failing leaf slows no other.

use std::time::Duration;

use weft_model::Timestamp;
use weft_model::ca::Leaf;

/// Renewal starts within this part of a leaf's life, so that leaves made together part ways.
const WINDOW: (f64, f64) = (0.5, 0.7);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// When the leaf should be renewed; `unit` is a random number in `0..1`.
#[must_use]
pub fn renew_at(leaf: &Leaf, unit: f64) -> Timestamp {
    let life = leaf.valid_before.since(leaf.valid_after);
    leaf.valid_after.plus(life.mul_f64(WINDOW.0 + (WINDOW.1 - WINDOW.0) * unit.clamp(0.0, 1.0)))
}

/// The next attempt to replace one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    root_id: String,
    valid_before: Timestamp,
    due_at: Timestamp,
    failures: u32,
}

impl Schedule {
    /// The schedule of a leaf that was just issued.
    #[must_use]
    pub fn of(leaf: &Leaf, unit: f64) -> Self {
        Self {
            root_id: leaf.root_id.clone(),
            valid_before: leaf.valid_before,
            due_at: renew_at(leaf, unit),
            failures: 0,
        }
    }

    /// Whether the leaf should be replaced now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at <= now
    }

    /// When to look again.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        self.due_at
    }

    /// Whether the leaf is past its life: new handshakes with it fail.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_before < now
    }

    /// Takes note of the root that signs now. A leaf of another root is replaced after `jitter`,
    /// unless it is due sooner. Saying the same again changes nothing.
    pub fn note_active_root(&mut self, active_root_id: &str, now: Timestamp, jitter: Duration) {
        if self.root_id != active_root_id {
            active_root_id.clone_into(&mut self.root_id);
            self.due_at = self.due_at.min(now.plus(jitter));
        }
    }

    /// Takes note of a failed attempt; `unit` is a random number in `0..1` that spreads the next.
    /// The leaf in use stays in use.
    pub fn note_failure(&mut self, now: Timestamp, unit: f64) {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
        let pause = doubled.min(LONGEST_PAUSE).mul_f64(0.5 + unit.clamp(0.0, 1.0) / 2.0);
        self.failures = self.failures.saturating_add(1);
        self.due_at = now.plus(pause);
    }

    /// How often in a row it has failed.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weft_model::ca::PrivateKeyPem;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn leaf() -> Leaf {
        Leaf {
            serial_number: 1,
            cert_pem: String::new(),
            private_key_pem: PrivateKeyPem::default(),
            service: "web".into(),
            service_uri: String::new(),
            valid_after: start(),
            valid_before: start().plus(HOUR),
            root_id: "old".into(),
        }
    }

    fn start() -> Timestamp {
        Timestamp(1_700_000_000_000_000_000)
    }

    proptest! {
        #[test]
        fn renewal_falls_between_50_and_70_percent_of_life(unit in -1.0..2.0f64) {
            let age = renew_at(&leaf(), unit).since(start());
            prop_assert!(age >= HOUR / 2 && age <= HOUR * 7 / 10);
        }
    }

    #[test]
    fn a_leaf_is_due_from_its_drawn_time_on() {
        let schedule = Schedule::of(&leaf(), 0.5);
        let due = start().plus(HOUR * 6 / 10);
        assert_eq!(schedule.due_at(), due);
        assert!(!schedule.is_due(due.minus(Duration::from_nanos(1))) && schedule.is_due(due));
        assert!(!schedule.is_expired(start().plus(HOUR)) && schedule.is_expired(start().plus(HOUR * 2)));
    }

    #[test]
    fn a_change_of_root_makes_a_leaf_due_after_the_jitter_once() {
        let mut schedule = Schedule::of(&leaf(), 0.0);
        schedule.note_active_root("old", start(), Duration::ZERO);
        assert!(!schedule.is_due(start()));
        schedule.note_active_root("new", start(), Duration::from_secs(9));
        assert_eq!(schedule.due_at(), start().plus(Duration::from_secs(9)));
        schedule.note_active_root("new", start().plus(HOUR), Duration::from_secs(9));
        assert_eq!(schedule.due_at(), start().plus(Duration::from_secs(9)));
    }

    #[test]
    fn failures_pause_longer_up_to_a_limit() {
        let mut schedule = Schedule::of(&leaf(), 0.0);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            schedule.note_failure(start(), 1.0);
            pauses.push(schedule.due_at().since(start()).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(schedule.failures(), 12);
    }
}
