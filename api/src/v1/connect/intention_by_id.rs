//! Intentions by their id: deprecated in Consul, and still what old clients use.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::Command;
use weft_model::catalog::Meta;
use weft_model::command::{IntentionForm, IntentionKey, IntentionWrite};
use weft_model::intention::Action;
use weft_model::names::WILDCARD;
use weft_state::StateView;

use super::vet;
use crate::answer::{Answer, Outcome};
use crate::body;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::Identified;
use crate::wire::intention::One;

/// The body of a write. What readers are shown may be sent back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct IntentionRequest {
    description: String,
    #[serde(rename = "SourceNS")]
    source_ns: String,
    source_name: String,
    #[serde(rename = "DestinationNS")]
    destination_ns: String,
    destination_name: String,
    source_type: String,
    action: String,
    meta: Meta,
    #[serde(rename = "ID")]
    id: Value,
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

/// Creates an intention; refused when the pair has one.
pub(crate) async fn create(call: Call) -> Outcome {
    // Consul answers 500 where this body cannot be read.
    let request = body::decode::<IntentionRequest>(&call.body, "Failed to decode request body")
        .map_err(|refusal| Refusal::failed(refusal.text))?;
    if !matches!(&request.id, Value::Null) && request.id != "" {
        return Err(Refusal::failed("ID must be empty when creating a new intention"));
    }
    let id = Uuid::new_v4().to_string();
    let (write, meta) = request.into_write()?;
    vet::write(&call, write.destination.as_str())?;
    let form = IntentionForm::LegacyCreate { id: id.clone(), meta };
    call.propose(Command::IntentionUpsert(Box::new(IntentionWrite { form, ..write }))).await?;
    Ok(Answer::json(Identified { id }))
}

/// One intention.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    let id = id(call).map_err(|text| Refusal::bad_request(format!("Bad request: {text}")))?;
    let found = view
        .intentions()
        .into_iter()
        .find(|intention| intention.legacy.as_ref().is_some_and(|legacy| legacy.id.eq_ignore_ascii_case(id)));
    match found {
        Some(intention) => {
            vet::read(call, view, [intention.source.as_str(), intention.destination.as_str()])?;
            Ok(Answer::json(One(intention)))
        }
        None => Err(Refusal::not_found("Intention not found")),
    }
}

/// Replaces an intention; its names may change.
pub(crate) async fn update(call: Call) -> Outcome {
    let request: IntentionRequest = call.decode_as("Bad request: Request decode failed")?;
    let id = id(&call).map_err(lookup_failed)?.to_owned();
    let (write, meta) = request.into_write()?;
    vet::write(&call, write.destination.as_str())?;
    vet::write_by_id(&call, &id)?;
    let form = IntentionForm::LegacyUpdate { id: id.clone(), meta };
    call.propose(Command::IntentionUpsert(Box::new(IntentionWrite { form, ..write }))).await?;
    Ok(Answer::json(Identified { id }))
}

/// Removes an intention.
pub(crate) async fn delete(call: Call) -> Outcome {
    let id = id(&call).map_err(lookup_failed)?.to_owned();
    vet::write_by_id(&call, &id)?;
    call.propose(Command::IntentionDelete(IntentionKey::Legacy(id))).await?;
    Ok(Answer::json(true))
}

fn id(call: &Call) -> Result<&str, &'static str> {
    const LENGTH: usize = 36;
    if call.rest.len() == LENGTH {
        Ok(&call.rest)
    } else {
        Err("failed intention lookup: index error: UUID must be 36 characters")
    }
}

fn lookup_failed(text: &str) -> Refusal {
    Refusal::failed(format!("Intention lookup failed: {text}"))
}

impl IntentionRequest {
    /// The write without its form, and the metadata that goes into the form.
    fn into_write(self) -> Result<(IntentionWrite, Meta), Refusal> {
        let action = match self.action.as_str() {
            "allow" => Some(Action::Allow),
            "deny" => Some(Action::Deny),
            _ => None,
        };
        let faults = self.faults(action);
        if !faults.is_empty() {
            let noun = if faults.len() == 1 { "error" } else { "errors" };
            let lines: String = faults.iter().map(|fault| format!("\n\t* {fault}")).collect();
            return Err(Refusal::failed(format!("{} {noun} occurred:{lines}\n\n", faults.len())));
        }
        let write = IntentionWrite {
            source: self.source_name.into(),
            destination: self.destination_name.into(),
            action,
            permissions: Vec::new(),
            description: self.description,
            form: IntentionForm::Exact,
        };
        Ok((write, self.meta))
    }

    fn faults(&self, action: Option<Action>) -> Vec<String> {
        let mut faults = Vec::new();
        for (field, name) in [("SourceName", &self.source_name), ("DestinationName", &self.destination_name)] {
            if name.is_empty() {
                faults.push(format!("{field} must be set"));
            } else if name != WILDCARD && name.contains('*') {
                faults.push(format!("{field}: wildcard character '*' cannot be used with partial values"));
            }
        }
        for (field, namespace) in [("SourceNS", &self.source_ns), ("DestinationNS", &self.destination_ns)] {
            if !matches!(namespace.as_str(), "" | "default") {
                faults.push(format!("{field}: only \"default\" is supported, not {namespace:?}"));
            }
        }
        if action.is_none() {
            faults.push("Action must be set to 'allow' or 'deny'".into());
        }
        if !matches!(self.source_type.as_str(), "" | "consul") {
            faults.push("SourceType must be set to 'consul'".into());
        }
        if self.meta.len() > 64 {
            faults.push("Meta exceeds maximum element count 64".into());
        }
        for (key, value) in &self.meta {
            if key.len() > 128 {
                faults.push(format!("Meta key {key:?} exceeds maximum length 128"));
            }
            if value.len() > 512 {
                faults.push(format!("Meta value for key {key:?} exceeds maximum length 512"));
            }
        }
        faults
    }
}
