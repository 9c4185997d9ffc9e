//! How often a raft snapshot pays.
//!
//! It costs as much as the state is big, whatever has changed. So that one write costs the same beside ten
//! instances and beside a hundred thousand, a big state is written after more writes than a small one.

/// States with fewer rows are written whenever openraft asks.
const SMALL: usize = 32_768;

/// After so many entries a raft snapshot is written in any case, or the log would grow and take too long to
/// apply at a start.
const ENTRIES_MAX: u64 = 100_000;

/// Whether a state of so many rows is to be written, so many entries after the last time.
pub(crate) fn pays(entries: u64, rows: usize) -> bool {
    rows < SMALL || entries >= ENTRIES_MAX.min(rows as u64 / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_states_are_written_less_often_but_not_seldom() {
        assert!(pays(1, 0) && pays(1, SMALL - 1));
        assert!(!pays(16_384, 40_000) && pays(20_000, 40_000));
        assert!(!pays(99_999, 10_000_000) && pays(100_000, 10_000_000));
    }
}
