//! User events: short messages to all agents, or to those that fit.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A message that was fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEvent {
    pub id: Uuid,
    pub name: String,
    pub payload: Bytes,
    /// Expressions that the agent's node, a service of its and a tag of that service must fit; empty: any.
    pub node_filter: String,
    pub service_filter: String,
    pub tag_filter: String,
    /// Its place in the order of all events; given when it is stored.
    pub time: u64,
}

impl UserEvent {
    /// How many events are remembered.
    pub const KEPT: usize = 256;
    /// The longest name and payload together.
    pub const SIZE_MAX: usize = 512;

    /// The index under which blocking queries know the list whose newest event this is.
    #[must_use]
    pub fn index(&self) -> u64 {
        let (high, low) = self.id.as_u64_pair();
        high ^ low
    }
}
