//! What a plan must not find out for itself.

use weft_model::Timestamp;

/// The time and the chance that one plan uses, so that the plan itself has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The proposer's time.
    pub now: Timestamp,
    /// Serial number of a root, if one is made.
    pub root_serial: u64,
    /// Serial number of a cross-signed copy, if one is made.
    pub cross_serial: u64,
    /// Eight characters for a root's name.
    pub tag: String,
}

impl Draw {
    /// Draws the numbers. For proposers, never for apply.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let serial = || rand::random_range(1..=i64::MAX.unsigned_abs());
        let character = |_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]);
        Self { now, root_serial: serial(), cross_serial: serial(), tag: (0..8).map(character).collect() }
    }
}
