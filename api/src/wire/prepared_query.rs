//! Prepared queries, and what they find. Consul writes null for what its lists and maps do not hold.

use serde::Serialize;
use uuid::Uuid;
use weft_model::catalog::{Indexed, Meta};
use weft_model::prepared_query::{DnsOptions, FailoverTarget, PreparedQuery, Template};
use weft_model::{CheckId, Datacenter, ServiceName};
use weft_state::Instance;

use super::health::HealthRow;
use super::node::or_null;
use super::rows;

/// A query in lists.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueryRow<'a> {
    #[serde(rename = "ID")]
    id: Uuid,
    name: &'a str,
    session: String,
    token: &'a str,
    template: &'a Template,
    service: ServiceRow<'a>,
    #[serde(rename = "DNS")]
    dns: &'a DnsOptions,
    create_index: u64,
    modify_index: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceRow<'a> {
    service: &'a ServiceName,
    failover: FailoverRow<'a>,
    only_passing: bool,
    #[serde(rename = "IgnoreCheckIDs")]
    ignore_check_ids: Option<&'a [CheckId]>,
    near: &'a str,
    tags: Option<&'a [String]>,
    node_meta: Option<&'a Meta>,
    service_meta: Option<&'a Meta>,
    connect: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    peer: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FailoverRow<'a> {
    nearest_n: i64,
    datacenters: Option<&'a [String]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    targets: &'a [FailoverTarget],
}

impl<'a> From<&'a Indexed<PreparedQuery>> for QueryRow<'a> {
    fn from(query: &'a Indexed<PreparedQuery>) -> Self {
        let (value, service) = (&*query.value, &query.value.service);
        Self {
            id: value.id,
            name: &value.name,
            session: value.session.map(|session| session.to_string()).unwrap_or_default(),
            token: value.token.reveal(),
            template: &value.template,
            service: ServiceRow {
                service: &service.service,
                failover: FailoverRow {
                    nearest_n: service.failover.nearest_n,
                    datacenters: unless_empty(&service.failover.datacenters),
                    targets: &service.failover.targets,
                },
                only_passing: service.only_passing,
                ignore_check_ids: unless_empty(&service.ignore_check_ids),
                near: &service.near,
                tags: unless_empty(&service.tags),
                node_meta: or_null(&service.node_meta),
                service_meta: or_null(&service.service_meta),
                connect: service.connect,
                peer: &service.peer,
            },
            dns: &value.dns,
            create_index: query.create_index,
            modify_index: query.modify_index,
        }
    }
}

fn unless_empty<T>(list: &[T]) -> Option<&[T]> {
    Some(list).filter(|list| !list.is_empty())
}

rows!(QueryRows of Indexed<PreparedQuery> as QueryRow);

/// What is said of the answer inside the answer.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AnswerMeta {
    /// Always 0: the header has it.
    pub(crate) index: u64,
    pub(crate) last_contact: u64,
    pub(crate) known_leader: bool,
    pub(crate) consistency_level: &'static str,
}

/// What a query found.
pub(crate) struct Execution {
    pub(crate) query: Indexed<PreparedQuery>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) datacenter: Datacenter,
    /// How many other places were asked before something was found.
    pub(crate) failovers: u32,
    pub(crate) meta: AnswerMeta,
}

impl Serialize for Execution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row<'a> {
            service: &'a ServiceName,
            nodes: Vec<HealthRow<'a>>,
            #[serde(rename = "DNS")]
            dns: &'a DnsOptions,
            datacenter: &'a Datacenter,
            failovers: u32,
            #[serde(flatten)]
            meta: AnswerMeta,
        }
        let query = &self.query.value;
        Row {
            service: &query.service.service,
            nodes: self.instances.iter().map(|instance| HealthRow::from(instance).with_nulls()).collect(),
            dns: &query.dns,
            datacenter: &self.datacenter,
            failovers: self.failovers,
            meta: self.meta,
        }
        .serialize(serializer)
    }
}

/// A query as it would run.
pub(crate) struct Explanation {
    pub(crate) query: Indexed<PreparedQuery>,
    pub(crate) meta: AnswerMeta,
}

impl Serialize for Explanation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row<'a> {
            query: QueryRow<'a>,
            #[serde(flatten)]
            meta: AnswerMeta,
        }
        Row { query: (&self.query).into(), meta: self.meta }.serialize(serializer)
    }
}
