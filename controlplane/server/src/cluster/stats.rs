//! `Stats` of `/v1/agent/self`: sections of texts.

use std::collections::BTreeMap;

use weft_model::NodeName;
use weft_raft::{ClusterState, Role, Status};
use weft_state::StateView;

use crate::{REVISION, VERSION};

type Section = BTreeMap<String, String>;

/// All sections.
pub(super) fn sections(
    cluster: &ClusterState,
    view: &StateView<'_>,
    node: &NodeName,
    expect: u32,
) -> BTreeMap<String, Section> {
    BTreeMap::from([
        ("agent".to_owned(), agent(view, node)),
        ("build".to_owned(), section([("version", VERSION.to_owned()), ("revision", REVISION.to_owned())])),
        ("consul".to_owned(), consul(&cluster.status, expect)),
        ("raft".to_owned(), raft(cluster)),
        ("runtime".to_owned(), runtime()),
    ])
}

fn agent(view: &StateView<'_>, node: &NodeName) -> Section {
    let checks = view.node_checks(node);
    let count = |kind: &str| checks.iter().filter(|check| check.value.kind == kind).count();
    let polled = count("tcp") + count("http");
    section([
        ("check_monitors", polled.to_string()),
        ("check_ttls", count("ttl").to_string()),
        ("checks", checks.len().to_string()),
        ("services", view.node_services(node).len().to_string()),
    ])
}

fn consul(status: &Status, expect: u32) -> Section {
    section([
        ("bootstrap", (expect == 1).to_string()),
        ("known_datacenters", "1".to_owned()),
        ("leader", (status.role == Role::Leader).to_string()),
        ("leader_addr", status.leader_address.clone().unwrap_or_default()),
        ("server", "true".to_owned()),
    ])
}

fn raft(cluster: &ClusterState) -> Section {
    let status = &cluster.status;
    let state = match status.role {
        Role::Leader => "Leader",
        Role::Candidate => "Candidate",
        Role::Follower | Role::Learner => "Follower",
        Role::ShutDown => "Shutdown",
    };
    let voters = cluster.members.iter().filter(|member| member.voter).count();
    section([
        ("applied_index", status.applied_index.to_string()),
        ("commit_index", status.commit_index.to_string()),
        ("last_log_index", status.last_log_index.to_string()),
        ("last_snapshot_index", status.last_snapshot_index.to_string()),
        ("latest_configuration_index", cluster.config_index.to_string()),
        ("log_syncs", status.log_syncs.to_string()),
        ("num_peers", voters.saturating_sub(1).to_string()),
        ("state", state.to_owned()),
        ("term", status.term.to_string()),
    ])
}

fn runtime() -> Section {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    section([
        ("arch", std::env::consts::ARCH.to_owned()),
        ("cpu_count", cpus.to_string()),
        ("os", std::env::consts::OS.to_owned()),
    ])
}

fn section<const N: usize>(entries: [(&str, String); N]) -> Section {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
