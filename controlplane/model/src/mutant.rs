//! Known mistakes, built in on purpose, that the tests must notice.
//!
//! A test that never failed proves little. With the feature `mutants`, `WEFT_MUTANT=M3` makes this
//! process commit mistake M3, and the test named for it has to fail. Without the feature, which
//! cannot be had in a release build, [`active`] is a constant and the mistakes are not in the binary.

/// The mistakes. Each is made at the place that its line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// An appended entry counts before it is synced.
    M1,
    /// A vote counts before it is synced.
    M2,
    /// A write is acknowledged before it is committed.
    M3,
    /// A read does not ask the quorum.
    M4,
    /// A read trusts a lease on the wall clock.
    M5,
    /// Cutting the log and appending to it are not kept in order.
    M6,
    /// A raft snapshot is taken for the current one before it is durable.
    M7,
    /// The log is purged before the raft snapshot is synced.
    M8,
    /// Applying an entry looks at the clock.
    M9,
    /// Applying an entry depends on the order of a hash map.
    M10,
    /// The table of applied request ids is missing in snapshots.
    M11,
    /// A waiter is registered after it has checked.
    M12,
    /// An event is dropped when the leader changes.
    M13,
    /// A session's timer is not started again in full.
    M14,
    /// Everything is allowed to a service as long as there is no intention for it.
    M15,
    /// A CA root is used before every proxy has it.
    M16,
    /// One vote less than a majority is taken for one.
    M17,
    /// A restore sets the index back.
    M18,
    /// A damaged log is opened as far as it can be read.
    M19,
    /// A task is left behind by each reconnect.
    M20,
}

/// Whether this process is to make the mistake.
#[cfg(not(feature = "mutants"))]
#[must_use]
#[inline]
pub const fn active(_: Mutant) -> bool {
    false
}

/// Whether this process is to make the mistake: `WEFT_MUTANT` names it.
#[cfg(feature = "mutants")]
#[must_use]
#[allow(clippy::disallowed_methods)]
pub fn active(mutant: Mutant) -> bool {
    static NAMED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("WEFT_MUTANT").ok());
    named.as_ref().is_some_and(|named| *named == format!("{mutant:?}"))
}

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` builds mistakes in: it is for tests, never for a release build");
