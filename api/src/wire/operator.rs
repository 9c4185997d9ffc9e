//! What operators are shown of the servers.

use std::collections::BTreeMap;

use serde::Serialize;
use weft_model::GoDuration;
use weft_model::autopilot::AutopilotConfig;
use weft_model::catalog::Indexed;

use super::rfc3339;
use crate::host::{AutopilotHealth, RaftConfiguration, RaftServer, ServerHealth};

/// The servers of the cluster.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RaftAnswer {
    servers: Vec<RaftRow>,
    index: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RaftRow {
    #[serde(rename = "ID")]
    id: String,
    node: String,
    address: String,
    leader: bool,
    protocol_version: &'static str,
    voter: bool,
    last_index: u64,
}

impl From<RaftConfiguration> for RaftAnswer {
    fn from(configuration: RaftConfiguration) -> Self {
        let row = |server: RaftServer| RaftRow {
            id: server.id,
            node: server.node,
            address: server.address,
            leader: server.leader,
            protocol_version: "3",
            voter: server.voter,
            last_index: server.last_index,
        };
        Self { servers: configuration.servers.into_iter().map(row).collect(), index: configuration.index }
    }
}

/// Autopilot's settings, held.
pub(crate) struct Autopilot(pub(crate) Indexed<AutopilotConfig>);

impl Serialize for Autopilot {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row<'a> {
            #[serde(flatten)]
            config: &'a AutopilotConfig,
            create_index: u64,
            modify_index: u64,
        }
        let (create_index, modify_index) = (self.0.create_index, self.0.modify_index);
        Row { config: &self.0.value, create_index, modify_index }.serialize(serializer)
    }
}

/// How the servers do.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthAnswer {
    healthy: bool,
    failure_tolerance: u32,
    servers: Vec<HealthRow>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthRow {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    address: String,
    serf_status: &'static str,
    version: String,
    leader: bool,
    last_contact: String,
    last_term: u64,
    last_index: u64,
    healthy: bool,
    voter: bool,
    stable_since: String,
}

impl From<AutopilotHealth> for HealthAnswer {
    fn from(health: AutopilotHealth) -> Self {
        let row = |server: ServerHealth| HealthRow {
            serf_status: server.status.word(),
            last_contact: last_contact(&server),
            stable_since: rfc3339(server.stable_since),
            id: server.id,
            name: server.name,
            address: server.address,
            version: server.version,
            leader: server.leader,
            last_term: server.last_term,
            last_index: server.last_index,
            healthy: server.healthy,
            voter: server.voter,
        };
        Self {
            healthy: health.healthy,
            failure_tolerance: health.failure_tolerance,
            servers: health.servers.into_iter().map(row).collect(),
        }
    }
}

/// -1ns: not heard of since this leader leads, as Consul says it.
fn last_contact(server: &ServerHealth) -> String {
    server.last_contact.map_or_else(|| "-1ns".to_owned(), |ago| GoDuration(ago).to_string())
}

/// The same by server, as later versions of Consul show it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StateAnswer {
    healthy: bool,
    failure_tolerance: u32,
    /// With what autopilot could still do; it can do no more here.
    optimistic_failure_tolerance: u32,
    servers: BTreeMap<String, StateRow>,
    leader: String,
    voters: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read_replicas: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StateRow {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    address: String,
    node_status: &'static str,
    version: String,
    last_contact: String,
    last_term: u64,
    last_index: u64,
    healthy: bool,
    stable_since: String,
    read_replica: bool,
    status: &'static str,
    meta: BTreeMap<String, String>,
    node_type: &'static str,
}

impl From<AutopilotHealth> for StateAnswer {
    fn from(health: AutopilotHealth) -> Self {
        let ids = |fits: fn(&ServerHealth) -> bool| {
            let fitting = health.servers.iter().filter(|server| fits(server));
            fitting.map(|server| server.id.clone()).collect::<Vec<_>>()
        };
        Self {
            healthy: health.healthy,
            failure_tolerance: health.failure_tolerance,
            optimistic_failure_tolerance: health.failure_tolerance,
            leader: ids(|server| server.leader).pop().unwrap_or_default(),
            voters: ids(|server| server.voter),
            read_replicas: ids(|server| server.read_replica),
            servers: health.servers.iter().map(|server| (server.id.clone(), state_row(server))).collect(),
        }
    }
}

fn state_row(server: &ServerHealth) -> StateRow {
    StateRow {
        id: server.id.clone(),
        name: server.name.clone(),
        address: server.address.clone(),
        node_status: server.status.word(),
        version: server.version.clone(),
        last_contact: last_contact(server),
        last_term: server.last_term,
        last_index: server.last_index,
        healthy: server.healthy,
        stable_since: rfc3339(server.stable_since),
        read_replica: server.read_replica,
        status: match (server.leader, server.voter) {
            (true, _) => "leader",
            (false, true) => "voter",
            (false, false) => "non-voter",
        },
        meta: BTreeMap::new(),
        node_type: if server.read_replica { "read-replica" } else { "voter" },
    }
}

/// How much there is, by datacenter.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UsageAnswer {
    pub(crate) usage: BTreeMap<String, Usage>,
    pub(crate) index: u64,
    pub(crate) last_contact: u64,
    pub(crate) known_leader: bool,
    pub(crate) consistency_level: &'static str,
}

/// How much a datacenter has.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Usage {
    pub(crate) nodes: usize,
    pub(crate) services: usize,
    pub(crate) service_instances: usize,
    pub(crate) connect_service_instances: BTreeMap<&'static str, usize>,
    pub(crate) billable_service_instances: usize,
}
