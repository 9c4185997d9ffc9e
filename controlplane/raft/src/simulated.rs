//! Whether this thread runs a simulation: everything on one thread, all chance from one seed.
//!
//! Real servers never enter one; for them the questions here cost a look at a thread-local flag, on
//! paths that are about to touch a disk or to draw an election time.

use std::cell::RefCell;
use std::convert::Infallible;

use rand::rngs::SmallRng;
use rand::{Rng, TryRng};

thread_local! {
    static DICE: RefCell<Option<SmallRng>> = const { RefCell::new(None) };
}

/// A simulation on this thread. It ends when this is dropped.
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub struct Simulation(());

/// From now on blocking work runs in place on this thread, chance comes from the seed, and where a
/// server would end its process it panics instead.
#[cfg(any(test, feature = "testing"))]
pub fn simulate(seed: u64) -> Simulation {
    DICE.set(Some(<SmallRng as rand::SeedableRng>::seed_from_u64(seed)));
    Simulation(())
}

#[cfg(any(test, feature = "testing"))]
impl Drop for Simulation {
    fn drop(&mut self) {
        DICE.set(None);
    }
}

/// With what a task panics where a real server would end its process.
#[derive(Debug)]
pub struct Died(pub String);

pub(crate) fn active() -> bool {
    DICE.with_borrow(Option::is_some)
}

/// Random numbers, from the seed where there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dice;

impl Dice {
    fn roll<T>(seeded: impl Fn(&mut SmallRng) -> T, free: impl Fn() -> T) -> T {
        DICE.with_borrow_mut(|dice| dice.as_mut().map(seeded)).unwrap_or_else(free)
    }
}

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(Self::roll(Rng::next_u32, || rand::rng().next_u32()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(Self::roll(Rng::next_u64, || rand::rng().next_u64()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let random = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        Ok(())
    }
}
