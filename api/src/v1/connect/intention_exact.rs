//! `/v1/connect/intentions/exact`: one intention by both its names.

use serde::Deserialize;
use serde_json::Value;
use weft_model::catalog::Meta;
use weft_model::command::{IntentionForm, IntentionKey, IntentionWrite};
use weft_model::config_entry::{ConfigEntry, ServiceIntentions, Source};
use weft_model::intention::{Action, Permission};
use weft_model::{Command, Faults, ServiceName};
use weft_state::StateView;

use super::names::{required, service};
use super::vet;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::intention::One;

/// The body of a write. What readers are shown may be sent back; the names are those of the URL.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ExactRequest {
    description: String,
    source_type: String,
    action: Option<Action>,
    permissions: Vec<Permission>,
    meta: Meta,
    #[serde(rename = "ID")]
    _id: Value,
    #[serde(rename = "SourceNS")]
    _source_ns: Value,
    #[serde(rename = "SourceName")]
    _source_name: Value,
    #[serde(rename = "SourcePartition")]
    _source_partition: Value,
    #[serde(rename = "DestinationNS")]
    _destination_ns: Value,
    #[serde(rename = "DestinationName")]
    _destination_name: Value,
    #[serde(rename = "DestinationPartition")]
    _destination_partition: Value,
    #[serde(rename = "DefaultAddr")]
    _default_addr: Value,
    #[serde(rename = "DefaultPort")]
    _default_port: Value,
    #[serde(rename = "Precedence")]
    _precedence: Value,
    #[serde(rename = "CreatedAt")]
    _created_at: Value,
    #[serde(rename = "UpdatedAt")]
    _updated_at: Value,
    #[serde(rename = "Hash")]
    _hash: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

/// The pair that the URL names.
fn pair(call: &Call) -> Result<(ServiceName, ServiceName), Refusal> {
    let source = required(call, "source")?;
    let destination = required(call, "destination")?;
    Ok((service("source", source)?, service("destination", destination)?))
}

/// One intention.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    let (source, destination) = pair(call)?;
    vet::read(call, view, [source.as_str(), destination.as_str()])?;
    match view.intention(&source, &destination) {
        Some(intention) => Ok(Answer::json(One(intention))),
        None => Err(Refusal::not_found("Intention not found")),
    }
}

/// Creates or replaces it.
pub(crate) async fn put(call: Call) -> Outcome {
    let (source, destination) = pair(&call)?;
    vet::write(&call, destination.as_str())?;
    let request: ExactRequest = call.decode_as("Bad request: Request decode failed")?;
    let write = IntentionWrite {
        source,
        destination,
        action: request.action,
        permissions: request.permissions,
        description: request.description,
        form: IntentionForm::Exact,
    };
    let mut faults = faults(&write, &request.source_type);
    if !request.meta.is_empty() {
        faults.add("Meta", "must not be specified: it belongs to the service-intentions config entry");
    }
    faults.into_result().map_err(|faults| Refusal::failed(faults.to_string()))?;
    call.propose(Command::IntentionUpsert(Box::new(write))).await?;
    Ok(Answer::json(true))
}

/// Removes it; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let (source, destination) = pair(&call)?;
    vet::write(&call, destination.as_str())?;
    call.propose(Command::IntentionDelete(IntentionKey::Exact { source, destination })).await?;
    Ok(Answer::json(true))
}

/// All that is wrong with an intention: the rules are those of the config entry that will hold it.
fn faults(write: &IntentionWrite, source_type: &str) -> Faults {
    let source = Source {
        name: write.source.clone(),
        action: write.action,
        permissions: write.permissions.clone(),
        description: write.description.clone(),
        source_type: source_type.to_owned(),
        ..Source::default()
    };
    let mut entry =
        ServiceIntentions { name: write.destination.clone(), sources: vec![source], ..ServiceIntentions::default() };
    entry.normalize();
    let mut faults = ConfigEntry::from(entry).validate().err().unwrap_or_default();
    for fault in &mut faults.0 {
        fault.path = own_path(&fault.path);
    }
    faults
}

/// The field of an intention that a field of the config entry stands for.
fn own_path(path: &str) -> String {
    match path {
        "Name" => "DestinationName".into(),
        "Sources[0].Name" => "SourceName".into(),
        "Sources[0].Type" => "SourceType".into(),
        other => other.trim_start_matches("Sources[0].").to_owned(),
    }
}
