//! Places where a test lets the process die.
//!
//! With the feature `mutants`, `WEFT_FAILPOINT=log.append.synced:3` aborts the process when it comes to the
//! place `log.append.synced` for the third time. Without the feature, [`hit`] is nothing.

/// A place that a test may name.
#[cfg(not(feature = "mutants"))]
#[inline]
pub const fn hit(_: &'static str) {}

/// A place that a test may name. Aborts when `WEFT_FAILPOINT` names it and this is the time.
#[cfg(feature = "mutants")]
#[allow(clippy::disallowed_methods)]
pub fn hit(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);

    let wanted = WANTED.get_or_init(|| std::env::var("WEFT_FAILPOINT").ok().map(|text| parse(&text)));
    let Some((place, nth)) = wanted else { return };
    if place == name && HITS.fetch_add(1, Ordering::Relaxed) + 1 == *nth {
        eprintln!("weft: failpoint {name} hit {nth} times: abort");
        std::process::abort();
    }
}

/// `name` or `name:nth`; the first time when no number is given.
#[cfg(feature = "mutants")]
fn parse(text: &str) -> (String, u64) {
    match text.rsplit_once(':').and_then(|(name, nth)| Some((name, nth.parse().ok()?))) {
        Some((name, nth)) => (name.to_owned(), nth),
        None => (text.to_owned(), 1),
    }
}
