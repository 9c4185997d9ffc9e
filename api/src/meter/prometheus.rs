//! Metrics as Prometheus reads them: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shown::{Gauge, Labels, Sample, count};
use super::{Meter, Telemetry};

/// What the text is.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The series of one name.
struct Family {
    kind: &'static str,
    lines: String,
}

/// All metrics, as they stand since the start.
pub(crate) fn text(meter: &Meter, telemetry: &Telemetry, gauges: Vec<Gauge>) -> String {
    let mut families = BTreeMap::new();
    let mut add = |name: &str, kind: &'static str, values: &[(&str, f64)], labels: &Labels| {
        if !telemetry.shows(&format!("{}.{name}", telemetry.prefix)) {
            return;
        }
        let name = legal(&format!("{}_{name}", telemetry.prefix));
        let labels = written(labels);
        let family = families.entry(name.clone()).or_insert_with(|| Family { kind, lines: String::new() });
        for (suffix, value) in values {
            // Writing to a text does not fail.
            let _ = writeln!(family.lines, "{name}{suffix}{labels} {value}");
        }
    };
    for Gauge { name, labels, value } in gauges {
        add(name, "gauge", &[("", value)], &labels);
    }
    for Sample { name, labels, sums } in meter.counters() {
        add(name, "counter", &[("", sums.total.sum)], &labels);
    }
    for Sample { name, labels, sums } in meter.samples() {
        add(name, "summary", &[("_sum", sums.total.sum), ("_count", count(sums.total.count))], &labels);
    }
    let mut text = String::new();
    for (name, Family { kind, lines }) in families {
        let _ = write!(text, "# HELP {name} {name}\n# TYPE {name} {kind}\n{lines}");
    }
    text
}

/// Letters, digits and underscores; all else becomes one.
fn legal(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' }).collect()
}

fn written(labels: &Labels) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let all: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
    format!("{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_name_is_declared_once_and_labels_are_quoted() {
        let meter = Meter::default();
        meter.write(None, Duration::from_millis(3));
        meter.write(None, Duration::from_millis(5));
        let gauge =
            |kind: &str, value| Gauge { name: "state.config-entries", labels: vec![("kind", kind.to_owned())], value };
        let said = text(&meter, &Telemetry::default(), vec![gauge("a\"b", 1.0), gauge("c", 2.5)]);
        let expected = "\
# HELP consul_raft_apply consul_raft_apply
# TYPE consul_raft_apply counter
consul_raft_apply 2
# HELP consul_raft_commitTime consul_raft_commitTime
# TYPE consul_raft_commitTime summary
consul_raft_commitTime_sum 8
consul_raft_commitTime_count 2
# HELP consul_state_config_entries consul_state_config_entries
# TYPE consul_state_config_entries gauge
consul_state_config_entries{kind=\"a\\\"b\"} 1
consul_state_config_entries{kind=\"c\"} 2.5
";
        assert_eq!(said, expected);
    }
}
