//! Prepared queries as documents.

use serde_json::{Map, Value};
use uuid::Uuid;
use weft_model::names::parse_uuid;
use weft_model::prepared_query::PreparedQuery;
use weft_model::{Command, SessionId};
use weft_state::StateView;

use super::vet;
use crate::answer::{Answer, Outcome};
use crate::body;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::Identified;
use crate::wire::prepared_query::QueryRows;

const DECODE_FAILED: &str = "Request decode failed";

/// All queries.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let mut queries = view.queries();
    vet::filter(call, view, &mut queries)?;
    Ok(Answer::json(QueryRows(queries)))
}

/// One query, as a list.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    call.bearer(view.state())?;
    call.nothing_to_ask();
    match view.query(id(call, "")?) {
        Some(query) => Ok(Answer::json(QueryRows(vec![vet::read(call, view, query)?]))),
        // An answer and not a refusal: it carries the index, and can be waited on.
        None => Ok(Refusal::not_found("Query not found").into()),
    }
}

/// Stores a new query under an id of its own.
pub(crate) async fn create(call: Call) -> Outcome {
    let (named, mut query) = request(&call)?;
    if !named.is_empty() {
        return Err(Refusal::failed("ID must be empty when creating a new prepared query"));
    }
    query.id = Uuid::new_v4();
    query.validate().map_err(Refusal::failed)?;
    vet::write(&call, &query)?;
    let id = query.id.to_string();
    call.propose(Command::QueryCreate(Box::new(query))).await?;
    Ok(Answer::json(Identified { id }))
}

/// Replaces a query. The path says which; an id in the document does not matter.
pub(crate) async fn update(call: Call) -> Outcome {
    let (_, mut query) = request(&call)?;
    query.id = id(&call, "Prepared Query lookup failed: ")?;
    query.validate().map_err(Refusal::failed)?;
    vet::write(&call, &query)?;
    vet::write_former(&call, query.id)?;
    call.propose(Command::QueryUpdate(Box::new(query))).await?;
    Ok(Answer::empty())
}

/// Removes a query.
pub(crate) async fn delete(call: Call) -> Outcome {
    let id = id(&call, "Prepared Query lookup failed: ")?;
    vet::write_former(&call, id)?;
    call.propose(Command::QueryDelete(id)).await?;
    Ok(Answer::empty())
}

fn id(call: &Call, prefix: &str) -> Result<Uuid, Refusal> {
    parse_uuid(&call.rest).map_err(|error| Refusal::failed(format!("{prefix}failed prepared query lookup: {error}")))
}

/// The document, and the id that it gives itself.
fn request(call: &Call) -> Result<(String, PreparedQuery), Refusal> {
    let mut document = call.json(DECODE_FAILED)?;
    let (mut id, mut session) = (String::new(), String::new());
    if let Some(fields) = document.as_object_mut() {
        id = take_text(fields, "ID");
        session = take_text(fields, "Session");
        // What readers are shown beside the document may be sent back with it.
        fields.retain(|field, _| !["CreateIndex", "ModifyIndex"].iter().any(|known| known.eq_ignore_ascii_case(field)));
    }
    let mut query: PreparedQuery = body::decode_value(document, DECODE_FAILED)?;
    if !session.is_empty() {
        let session = parse_uuid(&session).map_err(|error| Refusal::failed(format!("invalid session: {error}")))?;
        query.session = Some(SessionId(session));
    }
    Ok((id, query))
}

/// Takes a field whose text may be no id; one of another type stays, for the decoder to refuse.
fn take_text(fields: &mut Map<String, Value>, name: &str) -> String {
    let key = fields.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && value.is_string());
    let Some(key) = key.map(|(key, _)| key.clone()) else { return String::new() };
    fields.shift_remove(&key).as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}
