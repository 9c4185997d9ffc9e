//! The judges. Each reads a [`RunData`] and nothing else, so that an old run can be judged again.

mod verdict;

pub use verdict::{Checker, Finding, Judged, Verdict, exit_code, judge};

/// All judges, by name.
#[must_use]
pub fn all() -> Vec<Box<dyn Checker>> {
    Vec::new()
}
