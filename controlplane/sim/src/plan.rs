//! What a seed stands for.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::net::Weather;

/// The shape of one simulation.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) servers: u64,
    pub(crate) clients: u64,
    /// For how long things break.
    pub(crate) trouble: Duration,
    pub(crate) weather: Weather,
    pub(crate) snapshot_after: u64,
    pub(crate) log_kept: u64,
}

/// What nothing disturbs.
pub(crate) const CALM: Weather = Weather { delay_max: 2, loss: 0.0, twice: 0.0 };

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = dice(seed, 1);
        let servers = if dice.random_bool(0.25) { 5 } else { 3 };
        let delay_max = [2, 5, 20][dice.random_range(0..3)];
        let loss = if dice.random_bool(0.5) { dice.random_range(0.0..0.1) } else { 0.0 };
        Self {
            seed,
            servers,
            clients: dice.random_range(4..=8),
            trouble: Duration::from_millis(dice.random_range(5_000..12_000)),
            weather: Weather { delay_max, loss, twice: loss },
            snapshot_after: dice.random_range(30..200),
            log_kept: dice.random_range(0..60),
        }
    }
}

/// Random numbers for one purpose. Purposes do not disturb each other.
pub(crate) fn dice(seed: u64, purpose: u64) -> SmallRng {
    SmallRng::seed_from_u64(
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(purpose.wrapping_mul(0x2545_f491_4f6c_dd1d)),
    )
}
