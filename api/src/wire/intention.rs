//! Intentions in the one shape that all their endpoints share.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;
use weft_model::ServiceName;
use weft_model::catalog::Meta;
use weft_model::intention::{Action, Intention, Permission, Rule};

use super::{rfc3339, rows, stable_hash};

/// What Go writes for a time that was never set.
const NEVER: &str = "0001-01-01T00:00:00Z";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct IntentionRow<'a> {
    #[serde(rename = "ID", skip_serializing_if = "str::is_empty")]
    id: &'a str,
    description: &'a str,
    #[serde(rename = "SourceNS")]
    source_ns: &'static str,
    source_name: &'a ServiceName,
    #[serde(rename = "DestinationNS")]
    destination_ns: &'static str,
    destination_name: &'a ServiceName,
    source_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'a [Permission]>,
    default_addr: &'static str,
    default_port: u16,
    meta: Meta,
    precedence: u8,
    created_at: String,
    updated_at: String,
    hash: String,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a Intention> for IntentionRow<'a> {
    fn from(intention: &'a Intention) -> Self {
        let legacy = intention.legacy.as_ref();
        let (action, permissions) = match &intention.rule {
            Rule::Action(action) => (Some(*action), None),
            Rule::Permissions(permissions) => (None, Some(permissions.as_slice())),
        };
        Self {
            id: legacy.map_or("", |legacy| &legacy.id),
            description: &intention.description,
            source_ns: "default",
            source_name: &intention.source,
            destination_ns: "default",
            destination_name: &intention.destination,
            source_type: "consul",
            action,
            permissions,
            default_addr: "",
            default_port: 0,
            meta: legacy.map(|legacy| legacy.meta.clone()).unwrap_or_default(),
            precedence: intention.precedence,
            created_at: legacy.map_or_else(|| NEVER.into(), |legacy| rfc3339(legacy.created_at)),
            updated_at: legacy.map_or_else(|| NEVER.into(), |legacy| rfc3339(legacy.updated_at)),
            hash: hash(intention),
            create_index: intention.create_index,
            modify_index: intention.modify_index,
        }
    }
}

rows!(IntentionRows of Intention as IntentionRow);

/// Lists of intentions by the name that was asked for.
pub(crate) struct Matches(pub(crate) Vec<(String, IntentionRows)>);

impl Serialize for Matches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, rows)| (name, rows)))
    }
}

/// One intention, held.
pub(crate) struct One(pub(crate) Intention);

impl Serialize for One {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        IntentionRow::from(&self.0).serialize(serializer)
    }
}

/// Opaque; equal for equal content.
fn hash(intention: &Intention) -> String {
    let Intention { source, destination, rule, description, .. } = intention;
    // Plain data is always written.
    let content = serde_json::to_vec(&(source, destination, rule, description)).unwrap_or_default();
    BASE64_STANDARD.encode(stable_hash(&content).to_be_bytes())
}

/// The row as a value, for filters.
pub(crate) fn intention_value(intention: &Intention) -> serde_json::Result<Value> {
    serde_json::to_value(IntentionRow::from(intention))
}
