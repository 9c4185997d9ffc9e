//! What this agent counts and times, for `/v1/agent/metrics`.
//!
//! ```text
//! requests, writes ─> Recorder (one a series) ─┐
//! state, cluster, process ─> gauges, when asked ┴─> Shown ─> JSON as Consul's, or Prometheus' text
//! ```
//!
//! Names are Consul's where it has the thing: <https://developer.hashicorp.com/consul/docs/agent/monitor/telemetry>.

mod gauge;
mod prometheus;
mod push;
mod recorder;
mod shown;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use weft_model::Command;

use crate::route::Route;
use crate::routes::ROUTES;
pub(crate) use gauge::gauges;
pub(crate) use prometheus::{CONTENT_TYPE, text};
use push::{Event, Events};
pub use push::{Sink, push};
use recorder::Recorder;
pub(crate) use shown::{Gauge, Report};
use shown::{Labels, Sample, Shown};

/// How metrics are told: Consul's `telemetry` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// What all names begin with.
    pub prefix: String,
    /// Whether Prometheus may ask; Consul's `prometheus_retention_time` above zero.
    pub prometheus: bool,
    /// Beginnings of names that are shown or not; the longest that fits counts.
    pub filters: Vec<(String, bool)>,
    /// Whether a name is shown that none of them fits.
    pub filter_default: bool,
    /// Where they are sent to, besides.
    pub sinks: Vec<Sink>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            prefix: "consul".to_owned(),
            prometheus: false,
            filters: Vec::new(),
            filter_default: true,
            sinks: Vec::new(),
        }
    }
}

impl Telemetry {
    /// Whether a name, with its prefix, is shown.
    pub(crate) fn shows(&self, name: &str) -> bool {
        let fitting = self.filters.iter().filter(|(beginning, _)| name.starts_with(beginning));
        fitting.max_by_key(|(beginning, _)| beginning.len()).map_or(self.filter_default, |(_, shown)| *shown)
    }
}

/// Writes through this agent, by what they are about.
const WRITES: [&str; 9] = [
    "kvs.apply",
    "txn.apply",
    "catalog.register",
    "catalog.deregister",
    "session.apply",
    "prepared-query.apply",
    "intention.apply",
    "config_entry.apply",
    "acl.apply",
];

/// Questions to DNS.
const NAMES: [&str; 2] = ["dns.domain_query", "dns.ptr_query"];

/// What one agent has counted and timed since its start.
pub struct Meter {
    /// One for each row of the table of routes.
    requests: Vec<Recorder>,
    /// As [`WRITES`].
    writes: [Recorder; WRITES.len()],
    commits: Recorder,
    /// As [`NAMES`].
    names: [Recorder; NAMES.len()],
    /// Where they are sent to as they come.
    events: OnceLock<Events>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            requests: ROUTES.iter().map(|_| Recorder::default()).collect(),
            writes: std::array::from_fn(|_| Recorder::default()),
            commits: Recorder::default(),
            names: Default::default(),
            events: OnceLock::new(),
        }
    }
}

impl Meter {
    /// A request was answered, or its client has gone.
    pub(crate) fn request(&self, route: &'static Route, took: Duration) {
        let place = ROUTES.iter().position(|row| std::ptr::eq(row, route));
        if let Some(recorder) = place.and_then(|place| self.requests.get(place)) {
            recorder.record(took);
        }
        self.tell(|| Event { name: "api.http", labels: labels(route), took: Some(took) });
    }

    /// A write was applied, or refused, or not answered; `about` is from [`about`].
    pub(crate) fn write(&self, about: Option<usize>, took: Duration) {
        self.commits.record(took);
        if let Some(recorder) = about.and_then(|about| self.writes.get(about)) {
            recorder.record(took);
        }
        self.tell(|| Event { name: "raft.apply", labels: vec![], took: None });
        self.tell(|| Event { name: "raft.commitTime", labels: vec![], took: Some(took) });
        if let Some(name) = about.and_then(|about| WRITES.get(about)) {
            self.tell(|| Event { name, labels: vec![], took: Some(took) });
        }
    }

    /// DNS has answered a name under the domain.
    pub fn name(&self, took: Duration) {
        self.dns(0, took);
    }

    /// DNS has answered an address.
    pub fn address(&self, took: Duration) {
        self.dns(1, took);
    }

    fn dns(&self, kind: usize, took: Duration) {
        self.names[kind].record(took);
        self.tell(|| Event { name: NAMES[kind], labels: vec![], took: Some(took) });
    }

    /// From now on events go there too. The first one who asks for them gets them.
    fn send_to(&self, events: Events) {
        drop(self.events.set(events));
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = self.events.get() {
            // What does not fit is lost: nobody waits for metrics.
            drop(events.try_send(event()));
        }
    }

    /// All series that were ever recorded, of the last whole interval and since the start.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let requests = ROUTES
            .iter()
            .zip(&self.requests)
            .filter_map(|(route, recorder)| Sample::of("api.http", labels(route), recorder));
        let writes = WRITES.iter().zip(&self.writes).filter_map(|(name, recorder)| Sample::of(name, vec![], recorder));
        let commits = Sample::of("raft.commitTime", vec![], &self.commits);
        let names = NAMES.iter().zip(&self.names).filter_map(|(name, recorder)| Sample::of(name, vec![], recorder));
        requests.chain(writes).chain(commits).chain(names).collect()
    }

    /// How many writes there were.
    pub(crate) fn counters(&self) -> Vec<Sample> {
        Sample::of("raft.apply", vec![], &self.commits).into_iter().map(Sample::counted).collect()
    }

    /// How long it takes until there is another whole interval.
    pub(crate) fn until_next() -> Duration {
        recorder::rest(SystemTime::now())
    }

    /// All of it, with what is looked up now.
    pub(crate) fn report(&self, telemetry: &Telemetry, gauges: Vec<Gauge>) -> Report {
        let begun = recorder::last_interval(SystemTime::now());
        Report::new(telemetry, begun, Shown { gauges, counters: self.counters(), samples: self.samples() })
    }
}

fn labels(route: &Route) -> Labels {
    vec![("method", route.verb.as_str().to_owned()), ("path", path(route.path))]
}

/// A path of the table as Consul labels it: `/v1/kv/{key}` is `v1/kv/`.
fn path(pattern: &str) -> String {
    let parts = pattern.trim_start_matches('/').split('/');
    parts.map(|part| if part.starts_with('{') { "" } else { part }).collect::<Vec<_>>().join("/")
}

/// Which of [`WRITES`] a command is; most of what servers write by themselves is none.
pub(crate) fn about(command: &Command) -> Option<usize> {
    let name = match command {
        Command::Kv(_) => "kvs.apply",
        Command::Txn(_) => "txn.apply",
        Command::Register(_) | Command::UpdateCheck { .. } => "catalog.register",
        Command::Deregister { .. } => "catalog.deregister",
        Command::SessionCreate(_) | Command::SessionDestroy(_) | Command::SessionExpire { .. } => "session.apply",
        Command::QueryCreate(_) | Command::QueryUpdate(_) | Command::QueryDelete(_) => "prepared-query.apply",
        Command::IntentionUpsert(_) | Command::IntentionDelete(_) => "intention.apply",
        Command::ConfigUpsert { .. } | Command::ConfigDelete { .. } => "config_entry.apply",
        Command::Acl(_) => "acl.apply",
        Command::Once { command, .. } => return about(command),
        Command::CaUpdate { .. }
        | Command::CaIssue { .. }
        | Command::LockDelayOver { .. }
        | Command::Timekeeper(_)
        | Command::KvReap { .. }
        | Command::AutopilotSet { .. }
        | Command::CoordinatesUpdate(_)
        | Command::VirtualIpsAssign { .. }
        | Command::EventFire(_)
        | Command::Retire(_)
        | Command::RestoreChunk { .. }
        | Command::RestoreCommit { .. }
        | Command::Mark
        | Command::Verify { .. } => return None,
    };
    WRITES.iter().position(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_decides_what_is_shown() {
        let filters = vec![("consul.raft".to_owned(), false), ("consul.raft.apply".to_owned(), true)];
        let telemetry = Telemetry { filters, ..Telemetry::default() };
        let shown =
            ["consul.kvs.apply", "consul.raft.commitTime", "consul.raft.apply"].map(|name| telemetry.shows(name));
        assert_eq!(shown, [true, false, true]);
        assert!(!Telemetry { filter_default: false, ..telemetry }.shows("consul.kvs.apply"));
    }

    #[test]
    fn paths_are_labelled_without_what_they_name() {
        assert_eq!(path("/v1/kv/{key}"), "v1/kv/");
        assert_eq!(path("/v1/agent/self"), "v1/agent/self");
        assert_eq!(path("/v1/query/{query}/execute"), "v1/query//execute");
    }

    #[test]
    fn a_write_under_a_request_id_is_what_it_holds() {
        let command = Command::Deregister { node: "n".into(), target: weft_model::command::Target::Node };
        let once = Command::Once { id: uuid::Uuid::nil(), command: Box::new(command) };
        assert_eq!(about(&once).map(|place| WRITES[place]), Some("catalog.deregister"));
        assert_eq!(about(&Command::Mark), None);
    }
}
