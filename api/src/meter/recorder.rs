//! Durations of one kind, summed up: in intervals, as go-metrics keeps them for Consul, and since the start.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// What is summed up together, as in Consul.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// A sum of values in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }
}

/// What one series has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// In the last whole interval.
    pub(super) last: Sum,
    /// Since the start.
    pub(super) total: Sum,
}

/// One series.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Rolling>);

#[derive(Debug, Default)]
struct Rolling {
    /// The number of the interval that `current` belongs to.
    number: u64,
    current: Sum,
    sums: Sums,
}

impl Rolling {
    fn reach(&mut self, number: u64) {
        if number == self.number {
            return;
        }
        self.sums.last = if number == self.number + 1 { self.current } else { Sum::default() };
        self.current = Sum::default();
        self.number = number;
    }
}

impl Recorder {
    pub(super) fn record(&self, took: Duration) {
        self.record_at(took, SystemTime::now());
    }

    fn record_at(&self, took: Duration, now: SystemTime) {
        let value = took.as_secs_f64() * 1000.0;
        let mut rolling = self.0.lock();
        rolling.reach(number(now));
        rolling.current.add(value);
        rolling.sums.total.add(value);
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums_at(SystemTime::now())
    }

    fn sums_at(&self, now: SystemTime) -> Sums {
        let mut rolling = self.0.lock();
        rolling.reach(number(now));
        rolling.sums
    }
}

fn number(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / INTERVAL.as_secs()
}

/// How long the running interval still is.
pub(super) fn rest(now: SystemTime) -> Duration {
    let end = UNIX_EPOCH + INTERVAL * u32::try_from(number(now) + 1).unwrap_or(u32::MAX);
    end.duration_since(now).unwrap_or_default()
}

/// When the interval began that was the last whole one.
pub(super) fn last_interval(now: SystemTime) -> SystemTime {
    UNIX_EPOCH + INTERVAL * u32::try_from(number(now).saturating_sub(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_interval_is_told_when_it_is_over_and_until_the_next_one_is() {
        let recorder = Recorder::default();
        recorder.record_at(Duration::from_millis(2), at(100));
        recorder.record_at(Duration::from_millis(6), at(109));
        assert_eq!(recorder.sums_at(at(109)).last, Sum::default());
        let over = recorder.sums_at(at(110));
        assert_eq!(over.last, Sum { count: 2, sum: 8.0, squares: 40.0, min: 2.0, max: 6.0 });
        assert_eq!(over.last, over.total);
        recorder.record_at(Duration::from_millis(1), at(115));
        assert_eq!(recorder.sums_at(at(119)).last.count, 2);
        assert_eq!(recorder.sums_at(at(120)).last.count, 1);
        let later = recorder.sums_at(at(150));
        assert_eq!((later.last.count, later.total.count, later.total.min), (0, 3, 1.0));
        assert_eq!(last_interval(at(155)), at(140));
    }
}
