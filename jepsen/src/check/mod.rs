//! The judges. Each reads a [`RunData`](crate::history::RunData) and nothing else, so that an old run can be
//! judged again.

pub mod append;
pub mod coverage;
pub mod hash;
pub mod linear;
pub mod locks;
pub mod modes;
pub mod process;
pub mod recovery;
pub mod restore;
pub mod set;
pub mod slowness;
pub mod structure;
#[cfg(test)]
pub(crate) mod testing;
pub mod truth;
pub mod verdict;
pub mod watch;

pub use verdict::{Checker, Finding, Judged, Verdict, exit_code, judge};

/// All judges, in the order of the reference.
#[must_use]
pub fn all() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(linear::Linear::default()),
        Box::new(set::Set),
        Box::new(append::Append),
        Box::new(watch::Watch::default()),
        Box::new(locks::Locks),
        Box::new(modes::Modes),
        Box::new(restore::Restore),
        Box::new(structure::Structure),
        Box::new(hash::StateHash),
        Box::new(process::Process),
        Box::new(recovery::Recovery),
        Box::new(coverage::Coverage),
    ]
}
