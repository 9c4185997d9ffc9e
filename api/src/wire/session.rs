//! Sessions.

use serde::Serialize;
use weft_model::catalog::Indexed;
use weft_model::session::ServiceCheck;
use weft_model::{CheckId, NodeName, Session, SessionId};

/// A session in lists.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SessionRow<'a> {
    #[serde(rename = "ID")]
    id: SessionId,
    name: &'a str,
    node: &'a NodeName,
    /// Nanoseconds: here Consul writes no text.
    lock_delay: u64,
    behavior: &'static str,
    #[serde(rename = "TTL")]
    ttl: &'a str,
    node_checks: &'a [CheckId],
    service_checks: Option<&'a [ServiceCheck]>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a Indexed<Session>> for SessionRow<'a> {
    fn from(session: &'a Indexed<Session>) -> Self {
        let value = &session.value;
        Self {
            id: value.id,
            name: &value.name,
            node: &value.node,
            lock_delay: u64::try_from(value.lock_delay.0.as_nanos()).unwrap_or(u64::MAX),
            behavior: value.behavior.as_str(),
            ttl: &value.ttl_text,
            node_checks: &value.node_checks,
            service_checks: Some(value.service_checks.as_slice()).filter(|checks| !checks.is_empty()),
            create_index: session.create_index,
            modify_index: session.modify_index,
        }
    }
}

super::rows!(SessionRows of Indexed<Session> as SessionRow);
