//! User events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use uuid::Uuid;
use weft_model::event::UserEvent;

use super::rows;

/// An event in lists.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EventRow<'a> {
    #[serde(rename = "ID")]
    id: Uuid,
    name: &'a str,
    payload: Option<String>,
    node_filter: &'a str,
    service_filter: &'a str,
    tag_filter: &'a str,
    version: u8,
    #[serde(rename = "LTime")]
    time: u64,
}

impl<'a> From<&'a UserEvent> for EventRow<'a> {
    fn from(event: &'a UserEvent) -> Self {
        Self {
            id: event.id,
            name: &event.name,
            payload: (!event.payload.is_empty()).then(|| STANDARD.encode(&event.payload)),
            node_filter: &event.node_filter,
            service_filter: &event.service_filter,
            tag_filter: &event.tag_filter,
            version: 1,
            time: event.time,
        }
    }
}

rows!(EventRows of UserEvent as EventRow);
