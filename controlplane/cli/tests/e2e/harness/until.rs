//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// What the product promises for a change to reach traffic.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(4);

/// What takes longer than this, or than was promised, hangs. In between the machine had other work: that is printed,
/// and figures are for benchmarks.
const HANGS: Duration = Duration::from_secs(60);

/// Asks until the answer is `Ok`; the last refusal is told when time runs out. Gives the value and
/// how long it took, and prints when that was longer than promised.
pub(crate) async fn until_ok<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, String>,
) -> (T, Duration) {
    let start = Instant::now();
    let mut pauses = tokio::time::interval(PAUSE);
    loop {
        pauses.tick().await;
        match probe().await {
            Ok(value) => {
                let took = start.elapsed();
                if took > within {
                    eprintln!("{took:?} instead of {within:?}: {what}");
                }
                return (value, took);
            }
            Err(refusal) => {
                assert!(start.elapsed() < within.max(HANGS), "not within {within:?}: {what}; last: {refusal}")
            }
        }
    }
}

/// Asks until the answer is yes; how long it took.
pub(crate) async fn until(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> bool) -> Duration {
    let probe = async || if probe().await { Ok(()) } else { Err("no".to_owned()) };
    until_ok(what, within, probe).await.1
}

/// Prints how long writes took to reach traffic. They are figures, no test: the machine may have
/// other work.
pub(crate) fn tell_times(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("write to effect, {what}: median {median:?}, longest {longest:?}");
}
