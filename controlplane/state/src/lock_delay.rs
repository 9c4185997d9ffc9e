//! Keys that cannot be locked for a while, because the session that held them ended.

use std::time::Duration;

use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};
use weft_model::{GoDuration, Key};

use crate::state::State;

/// Why a key cannot be locked now. Only the leader's timers know when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockDelay {
    /// Log index of the end of the session.
    pub since: u64,
    /// How long the key stays so, counted from when a leader hears of it.
    pub delay: GoDuration,
}

impl LockDelay {
    /// The delay as a duration.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.delay.0
    }
}

impl State {
    /// The keys that cannot be locked now.
    pub fn lock_delays(&self) -> impl Iterator<Item = (&Key, &LockDelay)> {
        self.delays.iter()
    }

    /// The lock delays that were added, armed anew (`Some`) or taken away since `older`.
    pub fn lock_delay_changes<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = (&'a Key, Option<&'a LockDelay>)> {
        older.delays.diff(&self.delays).map(|item| match item {
            DiffItem::Add(key, delay) => (key, Some(delay)),
            DiffItem::Update { new: (key, delay), .. } => (key, Some(delay)),
            DiffItem::Remove(key, _) => (key, None),
        })
    }
}
