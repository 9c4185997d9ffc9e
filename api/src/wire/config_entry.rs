//! Config entries: the document as written, between its kind and its indexes.

use serde::{Serialize, Serializer};
use weft_model::ServiceName;
use weft_model::catalog::{Indexed, Meta};
use weft_model::config_entry::{ConfigEntry, ServiceIntentions, Source};
use weft_model::intention::{Action, Permission};

use super::{rfc3339, rows};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntryRow<'a> {
    kind: &'static str,
    #[serde(flatten)]
    document: Document<'a>,
    create_index: u64,
    modify_index: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Document<'a> {
    ServiceIntentions(Intentions<'a>),
    AsWritten(#[serde(serialize_with = "document")] &'a ConfigEntry),
}

fn document<S: Serializer>(entry: &ConfigEntry, serializer: S) -> Result<S::Ok, S::Error> {
    entry.serialize_document(serializer)
}

impl<'a> From<&'a Indexed<ConfigEntry>> for EntryRow<'a> {
    fn from(entry: &'a Indexed<ConfigEntry>) -> Self {
        let document = match entry.value.document::<ServiceIntentions>() {
            Some(intentions) => Document::ServiceIntentions(intentions.into()),
            None => Document::AsWritten(&entry.value),
        };
        let kind = entry.value.kind().as_str();
        Self { kind, document, create_index: entry.create_index, modify_index: entry.modify_index }
    }
}

/// One entry, held.
pub(crate) struct Entry(pub(crate) Indexed<ConfigEntry>);

impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EntryRow::from(&self.0).serialize(serializer)
    }
}

/// The row as a value, for filters.
pub(crate) fn entry_value(entry: &Indexed<ConfigEntry>) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(EntryRow::from(entry))
}

rows!(Entries of Indexed<ConfigEntry> as EntryRow);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Intentions<'a> {
    name: &'a ServiceName,
    sources: Vec<SourceRow<'a>>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    meta: &'a Meta,
}

impl<'a> From<&'a ServiceIntentions> for Intentions<'a> {
    fn from(entry: &'a ServiceIntentions) -> Self {
        let sources = entry.sources.iter().map(SourceRow::from).collect();
        Self { name: &entry.name, sources, meta: &entry.meta }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SourceRow<'a> {
    name: &'a ServiceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    permissions: &'a [Permission],
    precedence: u8,
    #[serde(rename = "LegacyID", skip_serializing_if = "Option::is_none")]
    legacy_id: Option<&'a str>,
    #[serde(rename = "Type")]
    source_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_meta: Option<&'a Meta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_create_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_update_time: Option<String>,
}

impl<'a> From<&'a Source> for SourceRow<'a> {
    fn from(source: &'a Source) -> Self {
        let legacy = source.legacy.as_ref();
        Self {
            name: &source.name,
            action: source.action,
            permissions: &source.permissions,
            precedence: source.precedence,
            legacy_id: legacy.map(|legacy| legacy.id.as_str()),
            source_type: &source.source_type,
            description: &source.description,
            legacy_meta: legacy.map(|legacy| &legacy.meta).filter(|meta| !meta.is_empty()),
            legacy_create_time: legacy.map(|legacy| rfc3339(legacy.created_at)),
            legacy_update_time: legacy.map(|legacy| rfc3339(legacy.updated_at)),
        }
    }
}
