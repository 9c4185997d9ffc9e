//! Request bodies: read up to the limit of their endpoint, then decoded as the model decodes documents.

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use weft_model::decode::{self, Flavor};

use crate::json;
use crate::refusal::Refusal;

/// Reads a body whole. A declared length above the limit is refused before anything is read, and a body
/// without a declared length is cut at the limit.
pub(crate) async fn read(body: Body, declared: Option<u64>, max_bytes: usize) -> Result<Bytes, Refusal> {
    if let Some(length) = declared.filter(|length| *length > max_bytes as u64) {
        return Err(too_large(&length.to_string(), max_bytes));
    }
    match Limited::new(body, max_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large("more", max_bytes)),
        Err(error) => Err(Refusal::bad_request(format!("Request body could not be read: {error}"))),
    }
}

fn too_large(length: &str, max_bytes: usize) -> Refusal {
    let text = format!("Request body({length} bytes) too large, max size: {max_bytes} bytes.");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text)
}

/// Decodes the body of an agent, catalog or intention endpoint; refusals begin with `prefix`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], prefix: &str) -> Result<T, Refusal> {
    decode_value(value(bytes, prefix)?, prefix)
}

/// Decodes a document that was read already.
pub(crate) fn decode_value<T: DeserializeOwned>(document: Value, prefix: &str) -> Result<T, Refusal> {
    // `null` stands for a document without fields, as in Go.
    let document = if document.is_null() { Value::Object(serde_json::Map::new()) } else { document };
    decode::from_value(document, Flavor::Body).map_err(|error| Refusal::bad_request(format!("{prefix}: {error}")))
}

/// Reads the body as JSON; refusals begin with `prefix`.
pub(crate) fn value(bytes: &[u8], prefix: &str) -> Result<Value, Refusal> {
    json::parse(bytes).map_err(|error| Refusal::bad_request(format!("{prefix}: {error}")))
}
