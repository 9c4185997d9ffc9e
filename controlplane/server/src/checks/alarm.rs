//! Timers by name: one wheel for all that is to happen later.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use tokio_util::time::{DelayQueue, delay_queue::Key};
use weft_model::CheckId;

/// The wheel turns no further than two years.
const FARTHEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a timer is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Alarm {
    /// A TTL check was silent for too long.
    Silent(CheckId),
    /// A check was critical for too long: its instance is removed.
    Reap(CheckId),
    /// Something could not be written.
    Retry,
}

/// At most one timer for each [`Alarm`].
#[derive(Default)]
pub(super) struct Alarms {
    wheel: DelayQueue<Alarm>,
    keys: HashMap<Alarm, Key>,
}

impl Alarms {
    /// Sets the timer, or sets it anew.
    pub(super) fn set(&mut self, alarm: Alarm, after: Duration) {
        let after = after.min(FARTHEST);
        match self.keys.get(&alarm) {
            Some(key) => self.wheel.reset(key, after),
            None => {
                let key = self.wheel.insert(alarm.clone(), after);
                self.keys.insert(alarm, key);
            }
        }
    }

    pub(super) fn cancel(&mut self, alarm: &Alarm) {
        if let Some(key) = self.keys.remove(alarm) {
            self.wheel.remove(&key);
        }
    }

    pub(super) fn is_set(&self, alarm: &Alarm) -> bool {
        self.keys.contains_key(alarm)
    }

    /// The next one that goes off; waits for ever when none is set.
    pub(super) async fn next(&mut self) -> Alarm {
        match self.wheel.next().await {
            Some(expired) => {
                let alarm = expired.into_inner();
                self.keys.remove(&alarm);
                alarm
            }
            None => std::future::pending().await,
        }
    }
}
