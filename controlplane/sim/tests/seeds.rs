//! A few seeds with every test run; `weft-sim --seeds 0..5000` does many.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const SEEDS: u64 = 24;

#[test]
#[cfg_attr(feature = "mutants", ignore = "for code without mistakes")]
fn nothing_is_broken_under_a_few_seeds() {
    let next = AtomicU64::new(0);
    let broken = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < SEEDS
                {
                    let report = weft_sim::run(seed);
                    if !report.violations.is_empty() {
                        let again = format!("cargo run -p weft-sim -- --verbose --seeds {seed}");
                        broken.lock().unwrap().push(format!("{report}\n  again: {again}"));
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
