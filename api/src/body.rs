//! Request bodies: read up to the limit of their endpoint, then decoded as the model decodes documents.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use weft_model::decode::{self, Flavor};

use crate::json;
use crate::refusal::Refusal;

/// How much of a body an endpoint takes, and for how long it waits for it.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    pub(crate) patience: Duration,
}

/// Reads a body whole. A declared length above the limit is refused before anything is read, and a body
/// without a declared length is cut at the limit.
pub(crate) async fn read(body: Body, declared: Option<u64>, limit: Limit) -> Result<Bytes, Refusal> {
    if let Some(length) = declared.filter(|length| *length > limit.bytes as u64) {
        return Err(too_large(&format!("({length} bytes)"), limit));
    }
    match timeout(limit.patience, Limited::new(body, limit.bytes).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large("", limit)),
        Ok(Err(error)) => Err(Refusal::bad_request(format!("Request body could not be read: {error}"))),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "Request body took too long")),
    }
}

fn too_large(length: &str, limit: Limit) -> Refusal {
    let text = format!("Request body{length} too large, max size: {} bytes.", limit.bytes);
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

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let limit = Limit { bytes: 10, patience: Duration::from_millis(10) };
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let refusal = read(never, None, limit).await.map_err(|refusal| refusal.status);
        assert_eq!(refusal, Err(StatusCode::REQUEST_TIMEOUT));
    }

    #[tokio::test]
    async fn the_limit_is_the_last_size_that_is_taken() {
        let limit = Limit { bytes: 10, patience: Duration::from_secs(1) };
        assert!(read(Body::from("0123456789"), None, limit).await.is_ok());
        let texts = [None, Some(11)].map(|declared| read(Body::from("0123456789a"), declared, limit));
        let [undeclared, declared] = texts;
        assert_eq!(undeclared.await.unwrap_err().text, "Request body too large, max size: 10 bytes.");
        assert_eq!(declared.await.unwrap_err().text, "Request body(11 bytes) too large, max size: 10 bytes.");
    }
}
