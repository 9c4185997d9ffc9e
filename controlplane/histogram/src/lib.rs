//! The histograms in which openraft counts what its core does, in the place of the crate `base2histogram`.
//!
//! That crate keeps tables for sixteen resolutions, 26 MB of which openraft reads 4 KB: more than everything
//! else that an idle server holds. This is the part of its interface that openraft uses, with the same
//! buckets: one for each of the values 0 to 7, then four for each power of two. It goes when the crate makes
//! only the table that is asked for.

use std::fmt;
use std::marker::PhantomData;

/// Each value below this has a bucket of its own.
const EXACT: u64 = 8;
/// Buckets of 0 to 7, and of 2³ to 2⁶⁴.
const BUCKETS: usize = 8 + 61 * 4;

/// How often which values were seen, within a quarter of a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    counts: Box<[u64; BUCKETS]>,
    data: PhantomData<T>,
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Histogram<T> {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: Box::new([0; BUCKETS]), data: PhantomData }
    }

    /// One more of this value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// So many more of this value.
    pub fn record_n(&mut self, value: u64, count: u64) {
        let known = &mut self.counts[bucket(value)];
        *known = known.saturating_add(count);
    }

    /// How many values were seen.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    /// The least value of the bucket below which and in which lies this share of all, from 0 to 1; 0 of nothing.
    #[must_use]
    pub fn percentile(&self, share: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let rank = (self.total() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        let reached = self.counts.iter().position(|count| {
            seen = seen.saturating_add(*count);
            seen >= rank
        });
        reached.map_or(0, least)
    }

    /// The percentiles that are usually shown.
    #[must_use]
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total(),
            p0_1: self.percentile(0.001),
            p1: self.percentile(0.01),
            p5: self.percentile(0.05),
            p10: self.percentile(0.1),
            p50: self.percentile(0.5),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p99_9: self.percentile(0.999),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "below 256")]
const fn bucket(value: u64) -> usize {
    if value < EXACT {
        return value as usize;
    }
    let power = value.ilog2();
    let quarter = (value >> (power - 2)) & 3;
    EXACT as usize + (power as usize - 3) * 4 + quarter as usize
}

/// The least value of a bucket.
const fn least(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let (power, quarter) = ((bucket - EXACT) / 4 + 3, (bucket - EXACT) % 4);
    (4 + quarter) << (power - 2)
}

/// Percentiles of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many values were seen.
    pub samples: u64,
    /// A thousandth is below.
    pub p0_1: u64,
    /// A hundredth is below.
    pub p1: u64,
    /// A twentieth is below.
    pub p5: u64,
    /// A tenth is below.
    pub p10: u64,
    /// The median.
    pub p50: u64,
    /// A tenth is above.
    pub p90: u64,
    /// A hundredth is above.
    pub p99: u64,
    /// A thousandth is above.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, p0_1, p1, p5, p10, p50, p90, p99, p99_9 } = self;
        write!(f, "[samples: {samples}, P0.1: {p0_1}, P1: {p1}, P5: {p5}, P10: {p10}, ")?;
        write!(f, "P50: {p50}, P90: {p90}, P99: {p99}, P99.9: {p99_9}]")
    }
}

/// Several histograms one below the other, a line each.
#[derive(Clone, Debug, Default)]
pub struct AsciiChart(Vec<(String, PercentileStats)>);

impl AsciiChart {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "the name that openraft calls")]
    pub fn add<T>(mut self, name: impl Into<String>, histogram: Histogram<T>) -> Self {
        self.0.push((name.into(), histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, stats)| writeln!(f, "{name}: {stats}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Histogram, bucket, least};

    #[test]
    fn every_value_lies_between_the_ends_of_its_bucket() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        for index in 0..BUCKETS - 1 {
            let (first, next) = (least(index), least(index + 1));
            assert!(first < next && bucket(first) == index && bucket(next - 1) == index, "{index}");
        }
    }

    #[test]
    fn percentiles_are_the_least_values_of_their_buckets() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!((histogram.total(), histogram.percentile(0.5)), (0, 0));
        histogram.record_n(3, 90);
        (1000..1009).for_each(|value| histogram.record(value));
        histogram.record(u64::MAX);
        let stats = histogram.percentile_stats();
        assert_eq!((stats.samples, stats.p50, stats.p90, stats.p99, stats.p99_9), (100, 3, 3, 896, 7 << 61));
    }
}
