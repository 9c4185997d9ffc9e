//! The judge: all keys of a run, in parallel, within a deadline.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::keyed::{Timed, register_keys, search_key};
use super::search::Found;
use crate::check::verdict::{Checker, Finding, Verdict};
use crate::history::RunData;

/// C1.
pub struct Linear {
    /// How long all keys together may take.
    pub within: Duration,
}

impl Default for Linear {
    fn default() -> Self {
        Self { within: Duration::from_secs(60) }
    }
}

impl Checker for Linear {
    fn name(&self) -> &'static str {
        "C1-linearizable"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("register").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let keys = match register_keys(run.of("register")) {
            Ok(keys) => keys.into_iter().collect::<Vec<_>>(),
            Err(error) => return Verdict::Unknown(error),
        };
        let found = search_all(&keys, Instant::now() + self.within);
        let mut findings = Vec::new();
        let mut late = Vec::new();
        for ((key, ops), found) in keys.iter().zip(found) {
            match found {
                Found::Legal(_) => {}
                Found::Stuck { prefix, stuck } => findings.push(finding(key, ops, &prefix, stuck)),
                Found::OutOfTime => late.push(key.as_str()),
            }
        }
        if findings.is_empty() && !late.is_empty() {
            return Verdict::Unknown(format!(
                "no time left for {} of {} keys: {}",
                late.len(),
                keys.len(),
                late.join(", ")
            ));
        }
        Verdict::of(findings)
    }
}

/// One search a key, on all cores.
fn search_all(keys: &[(String, Vec<Timed>)], deadline: Instant) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![Found::OutOfTime; keys.len()]);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(keys.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, ops)) = keys.get(at) else { return };
                    let one = search_key(ops, deadline);
                    found.lock()[at] = one;
                }
            });
        }
    });
    found.into_inner()
}

fn finding(key: &str, ops: &[Timed], prefix: &[usize], stuck: usize) -> Finding {
    let (index, span) = &ops[stuck];
    let text = format!(
        "after the longest legal beginning ({} of {} operations) nothing explains op {index}: {:?} answered {:?}",
        prefix.len(),
        ops.len(),
        span.op.0,
        span.op.1
    );
    let shown = prefix.iter().rev().take(8).rev().map(|at| ops[*at].0);
    Finding::new("not-linearizable", key, text, shown.chain([*index]))
}
