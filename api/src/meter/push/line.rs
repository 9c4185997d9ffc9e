//! One value as statsd's protocol writes it, and as Consul does.

use std::time::Duration;

use crate::meter::Telemetry;
use crate::meter::shown::Labels;

/// A value with its name.
pub(super) struct Line {
    name: String,
    labels: Labels,
    kind: Kind,
}

pub(super) enum Kind {
    Gauge(f64),
    Count,
    Time(Duration),
}

impl Line {
    /// `None`: it is not to be shown.
    pub(super) fn new(telemetry: &Telemetry, name: &str, labels: Labels, kind: Kind) -> Option<Self> {
        let name = format!("{}.{name}", telemetry.prefix);
        telemetry.shows(&name).then_some(Self { name, labels, kind })
    }

    /// Labels become parts of the name.
    pub(super) fn flat(&self) -> String {
        let parts = std::iter::once(self.name.as_str()).chain(self.labels.iter().map(|(_, value)| value.as_str()));
        let name = parts.collect::<Vec<_>>().join(".").replace([':', ' ', '|', '\n'], "_");
        format!("{name}:{}\n", self.value())
    }

    /// Labels become tags, beside those of all lines.
    pub(super) fn tagged(&self, more: &[String]) -> String {
        let own = self.labels.iter().map(|(label, value)| format!("{label}:{}", value.replace([',', '|', '\n'], "_")));
        let tags: Vec<_> = own.chain(more.iter().cloned()).collect();
        let tags = if tags.is_empty() { String::new() } else { format!("|#{}", tags.join(",")) };
        format!("{}:{}{tags}\n", self.name, self.value())
    }

    fn value(&self) -> String {
        match self.kind {
            Kind::Gauge(value) => format!("{value:.6}|g"),
            Kind::Count => "1|c".to_owned(),
            Kind::Time(took) => format!("{:.6}|ms", took.as_secs_f64() * 1000.0),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_each_of_them_reads_it() {
        let labels = || vec![("method", "GET".to_owned()), ("path", "v1/kv/".to_owned())];
        let usual = Telemetry::default();
        let line = |kind| Line::new(&usual, "api.http", labels(), kind).unwrap();
        let took = Kind::Time(Duration::from_micros(1500));
        assert_eq!(line(took).flat(), "consul.api.http.GET.v1/kv/:1.500000|ms\n");
        let tags = ["a:b".to_owned(), "c".to_owned()];
        assert_eq!(line(Kind::Count).tagged(&tags), "consul.api.http:1|c|#method:GET,path:v1/kv/,a:b,c\n");
        let plain = Line::new(&usual, "raft.peers", vec![], Kind::Gauge(3.0)).unwrap();
        assert_eq!(
            (plain.flat(), plain.tagged(&[])),
            ("consul.raft.peers:3.000000|g\n".to_owned(), "consul.raft.peers:3.000000|g\n".to_owned())
        );
        let hidden = Telemetry { filter_default: false, ..usual };
        assert!(Line::new(&hidden, "raft.peers", vec![], Kind::Count).is_none());
    }
}
