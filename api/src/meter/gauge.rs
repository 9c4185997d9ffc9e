//! What is looked up when somebody asks for metrics.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use weft_model::Timestamp;
use weft_model::config_entry::KINDS;
use weft_state::{State, StateView};

use super::shown::{Gauge, Labels, count};
use crate::host::{Host, MemberStatus};
use crate::v1::operator::count_usage;

/// All of them. Those of the state are a server's.
pub(crate) async fn gauges(host: &Host) -> Vec<Gauge> {
    let mut gauges = vec![one("version", vec![("version", host.agent.version.clone())], 1)];
    gauges.extend(process().await);
    gauges.extend(members(host));
    if !host.cluster.is_server() {
        return gauges;
    }
    gauges.extend(raft(host));
    if let Ok(health) = host.cluster.autopilot_health().await {
        gauges.push(one("autopilot.healthy", vec![], u64::from(health.healthy)));
        gauges.push(one("autopilot.failure_tolerance", vec![], health.failure_tolerance.into()));
    }
    let streams = host.proxies.proxies().as_array().map_or(0, Vec::len);
    gauges.push(one("xds.server.streams", vec![("version", "v3".to_owned())], length(streams)));
    // Counting a hundred thousand instances takes a while.
    let (state, datacenter) = (host.store.current(), host.agent.node.datacenter.as_str().to_owned());
    let counted = tokio::task::spawn_blocking(move || of_state(&state, &datacenter)).await;
    gauges.extend(counted.unwrap_or_default());
    gauges
}

fn one(name: &'static str, labels: Labels, value: u64) -> Gauge {
    Gauge { name, labels, value: count(value) }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Memory and tasks; what cannot be read is left out.
async fn process() -> Vec<Gauge> {
    let status = tokio::fs::read_to_string("/proc/self/status").await.unwrap_or_default();
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let bytes = |name, of| kibibytes(of).map(|size| one(name, vec![], size * 1024));
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    [
        bytes("runtime.alloc_bytes", "RssAnon"),
        bytes("runtime.sys_bytes", "VmRSS"),
        kibibytes("Threads").map(|threads| one("runtime.num_threads", vec![], threads)),
        // The nearest to what Consul counts under this name.
        Some(one("runtime.num_goroutines", vec![], length(tasks))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn members(host: &Host) -> Vec<Gauge> {
    let members = host.cluster.members();
    let of = |role: &str| {
        let alive = members.iter().filter(|member| member.status == MemberStatus::Alive);
        alive.filter(|member| member.tags.get("role").is_some_and(|known| known == role)).count()
    };
    let labels = || vec![("datacenter", host.agent.node.datacenter.as_str().to_owned())];
    vec![one("members.servers", labels(), length(of("consul"))), one("members.clients", labels(), length(of("node")))]
}

/// What `/v1/agent/self` says of Raft, in numbers.
fn raft(host: &Host) -> Vec<Gauge> {
    let stats = host.cluster.stats();
    let said = |section: &str, name: &str| stats.get(section)?.get(name);
    let number = |name, of| said("raft", of)?.parse().ok().map(|value| one(name, vec![], value));
    let leads = said("consul", "leader").is_some_and(|leads| leads == "true");
    let mut gauges = vec![one("server.isLeader", vec![], u64::from(leads))];
    gauges.extend(number("raft.applied_index", "applied_index"));
    gauges.extend(number("raft.commit_index", "commit_index"));
    gauges.extend(number("raft.last_index", "last_log_index"));
    gauges.extend(number("raft.term", "term"));
    gauges.extend(
        said("raft", "num_peers")
            .and_then(|peers| peers.parse().ok())
            .map(|peers: u64| one("raft.peers", vec![], peers + 1)),
    );
    gauges
}

fn of_state(state: &Arc<State>, datacenter: &str) -> Vec<Gauge> {
    let view = StateView::new(state);
    let within = |labels: Labels| {
        let mut labels = labels;
        labels.push(("datacenter", datacenter.to_owned()));
        labels
    };
    let usage = count_usage(&view);
    let mut gauges = vec![
        one("state.nodes", within(vec![]), length(usage.nodes)),
        one("state.services", within(vec![]), length(usage.services)),
        one("state.service_instances", within(vec![]), length(usage.service_instances)),
        one("state.billable_service_instances", within(vec![]), length(usage.billable_service_instances)),
        one("state.kv_entries", within(vec![]), length(view.kv_count())),
    ];
    for (kind, instances) in usage.connect_service_instances {
        gauges.push(one("state.connect_instances", within(vec![("kind", kind.to_owned())]), length(instances)));
    }
    for row in KINDS {
        let entries = length(view.config_entries(row.kind).len());
        gauges.push(one("state.config_entries", within(vec![("kind", row.name.to_owned())]), entries));
    }
    let timed = view.sessions().iter().filter(|session| session.value.ttl.is_some()).count();
    gauges.push(one("session_ttl.active", vec![], length(timed)));
    let root = view.ca().and_then(|ca| ca.value.roots.iter().find(|root| root.active).map(|root| root.not_after));
    gauges.extend(root.map(|root| Gauge { name: "mesh.active-root-ca.expiry", labels: vec![], value: left(root) }));
    gauges
}

/// Seconds from now; below zero when it is over.
#[allow(clippy::cast_precision_loss)]
fn left(until: Timestamp) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    until.seconds() as f64 - now.as_secs_f64()
}
