//! What an agent says of itself and of its peers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use weft_model::catalog::{Meta, Service};
use weft_model::health::Check;

use super::check::CheckRow;
use super::service::AgentService;
use crate::host;

/// `/v1/agent/self`.
#[derive(Serialize)]
pub(crate) struct SelfRow {
    #[serde(rename = "Config")]
    pub(crate) config: Config,
    #[serde(rename = "DebugConfig")]
    pub(crate) debug_config: Value,
    #[serde(rename = "Coord")]
    pub(crate) coord: Value,
    #[serde(rename = "Member")]
    pub(crate) member: Member,
    #[serde(rename = "Stats")]
    pub(crate) stats: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(rename = "Meta")]
    pub(crate) meta: Meta,
    #[serde(rename = "xDS")]
    pub(crate) xds: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Config {
    pub(crate) datacenter: String,
    pub(crate) primary_datacenter: String,
    pub(crate) node_name: String,
    #[serde(rename = "NodeID")]
    pub(crate) node_id: String,
    pub(crate) revision: String,
    pub(crate) server: bool,
    pub(crate) version: String,
    pub(crate) build_date: &'static str,
}

/// A member of the cluster.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) addr: String,
    pub(crate) port: u16,
    pub(crate) tags: BTreeMap<String, String>,
    /// 1 alive, 3 left, 4 failed.
    pub(crate) status: u8,
    pub(crate) protocol_min: u8,
    pub(crate) protocol_max: u8,
    pub(crate) protocol_cur: u8,
    pub(crate) delegate_min: u8,
    pub(crate) delegate_max: u8,
    pub(crate) delegate_cur: u8,
}

impl From<host::Member> for Member {
    fn from(member: host::Member) -> Self {
        Self {
            name: member.name.as_str().to_owned(),
            addr: member.address,
            port: member.port,
            tags: member.tags,
            status: member.status.number(),
            protocol_min: 1,
            protocol_max: 5,
            protocol_cur: 2,
            delegate_min: 2,
            delegate_max: 5,
            delegate_cur: 4,
        }
    }
}

/// An instance with the verdict over its checks.
pub(crate) struct ServiceHealth {
    pub(crate) aggregated_status: &'static str,
    pub(crate) service: std::sync::Arc<Service>,
    pub(crate) checks: Vec<std::sync::Arc<Check>>,
}

impl Serialize for ServiceHealth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Verdict {
            aggregated_status: self.aggregated_status,
            service: Some(AgentService::from(&*self.service)),
            checks: Some(self.checks.iter().map(|check| CheckRow::from(&**check)).collect()),
        };
        shown.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Verdict<'a> {
    aggregated_status: &'static str,
    service: Option<AgentService<'a>>,
    checks: Option<Vec<CheckRow<'a>>>,
}

/// The verdict over an instance that does not exist.
pub(crate) struct NoService;

impl Serialize for NoService {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Verdict { aggregated_status: "critical", service: None, checks: None }.serialize(serializer)
    }
}
