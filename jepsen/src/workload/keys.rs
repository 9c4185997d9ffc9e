//! Keys that wear out: a search over a short history is quick, so each key serves a limited number of
//! operations and is then replaced.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt;
use rand::rngs::StdRng;

/// Some keys in use at a time.
pub struct Rotation {
    prefix: &'static str,
    per_key: u64,
    /// Operations given to each place so far.
    used: Vec<AtomicU64>,
}

impl Rotation {
    /// `places` keys at a time, each replaced after `per_key` draws.
    #[must_use]
    pub fn new(prefix: &'static str, places: usize, per_key: u64) -> Self {
        Self { prefix, per_key, used: (0..places).map(|_| AtomicU64::new(0)).collect() }
    }

    /// A key for one operation.
    pub fn draw(&self, rng: &mut StdRng) -> String {
        let place = rng.random_range(0..self.used.len());
        let count = self.used[place].fetch_add(1, Ordering::Relaxed);
        self.key(place, count / self.per_key)
    }

    /// All keys that were ever drawn.
    #[must_use]
    pub fn used(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (place, used) in self.used.iter().enumerate() {
            let rounds = used.load(Ordering::Relaxed).div_ceil(self.per_key);
            keys.extend((0..rounds).map(|round| self.key(place, round)));
        }
        keys
    }

    fn key(&self, place: usize, round: u64) -> String {
        format!("{}/{place}-{round}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_key_is_replaced_when_worn_out_and_all_are_remembered() {
        let keys = Rotation::new("k", 1, 2);
        let mut rng = StdRng::seed_from_u64(1);
        let drawn: Vec<String> = (0..5).map(|_| keys.draw(&mut rng)).collect();
        assert_eq!(drawn, ["k/0-0", "k/0-0", "k/0-1", "k/0-1", "k/0-2"]);
        assert_eq!(keys.used(), ["k/0-0", "k/0-1", "k/0-2"]);
    }
}
