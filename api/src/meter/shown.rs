//! Metrics as Consul's API shows them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::Telemetry;
use super::recorder::{INTERVAL, Recorder, Sum, Sums};

/// Names with their values.
pub(crate) type Labels = Vec<(&'static str, String)>;

/// A value of now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// A series of durations, or of single events.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(super) name: &'static str,
    pub(super) labels: Labels,
    pub(super) sums: Sums,
}

impl Sample {
    /// `None`: nothing of it was ever recorded.
    pub(super) fn of(name: &'static str, labels: Labels, recorder: &Recorder) -> Option<Self> {
        let sums = recorder.sums();
        (sums.total.count > 0).then_some(Self { name, labels, sums })
    }

    /// The same where each counts as one.
    pub(super) fn counted(self) -> Self {
        let ones = |sum: Sum| {
            let (ones, any) = (count(sum.count), f64::from(u8::from(sum.count > 0)));
            Sum { count: sum.count, sum: ones, squares: ones, min: any, max: any }
        };
        Self { sums: Sums { last: ones(self.sums.last), total: ones(self.sums.total) }, ..self }
    }
}

/// What there is to show.
pub(super) struct Shown {
    pub(super) gauges: Vec<Gauge>,
    pub(super) counters: Vec<Sample>,
    pub(super) samples: Vec<Sample>,
}

/// The answer of `/v1/agent/metrics`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Report {
    timestamp: String,
    gauges: Vec<GaugeRow>,
    points: [(); 0],
    counters: Vec<SampleRow>,
    samples: Vec<SampleRow>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GaugeRow {
    name: String,
    value: f64,
    labels: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SampleRow {
    name: String,
    count: u64,
    rate: f64,
    sum: f64,
    min: f64,
    max: f64,
    mean: f64,
    stddev: f64,
    labels: BTreeMap<&'static str, String>,
}

impl Report {
    pub(super) fn new(telemetry: &Telemetry, begun: SystemTime, shown: Shown) -> Self {
        let full = |name: &str| Some(format!("{}.{name}", telemetry.prefix)).filter(|name| telemetry.shows(name));
        let gauge = |gauge: Gauge| {
            Some(GaugeRow { name: full(gauge.name)?, value: gauge.value, labels: gauge.labels.into_iter().collect() })
        };
        let sample = |sample: Sample| {
            let name = full(sample.name).filter(|_| sample.sums.last.count > 0)?;
            Some(SampleRow::new(name, sample))
        };
        Self {
            timestamp: timestamp(begun),
            gauges: shown.gauges.into_iter().filter_map(gauge).collect(),
            points: [],
            counters: shown.counters.into_iter().filter_map(sample).collect(),
            samples: shown.samples.into_iter().filter_map(sample).collect(),
        }
    }
}

impl SampleRow {
    fn new(name: String, sample: Sample) -> Self {
        let Sum { count: times, sum, squares, min, max } = sample.sums.last;
        let n = count(times);
        // As go-metrics: of a sample, and 0 for one value.
        let variance = if times > 1 { (n * squares - sum * sum) / (n * (n - 1.0)) } else { 0.0 };
        Self {
            name,
            count: times,
            rate: sum / INTERVAL.as_secs_f64(),
            sum,
            min,
            max,
            mean: sum / n,
            stddev: variance.max(0.0).sqrt(),
            labels: sample.labels.into_iter().collect(),
        }
    }
}

/// As Go prints a time.
fn timestamp(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

/// As a float; what is lost above 2^53 does not matter.
#[allow(clippy::cast_precision_loss)]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}
