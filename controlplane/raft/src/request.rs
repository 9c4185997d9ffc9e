//! What a log entry carries: one [`Envelope`], encoded once by its proposer.
//!
//! The bytes travel unchanged from the proposer to every log and every peer, and are decoded only
//! where they are applied. A server that is older than a command can therefore store it, and stops
//! where it would have to guess. MessagePack with field names lets the schema grow.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weft_model::Envelope;

/// The first byte of an encoded envelope.
const FORMAT: u8 = 1;

/// An encoded envelope, with the decoded one at hand where it was proposed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    encoded: Bytes,
    #[serde(skip)]
    decoded: Option<Arc<Envelope>>,
}

impl Request {
    /// Encodes an envelope that is to be proposed.
    pub(crate) fn new(envelope: Envelope) -> io::Result<Self> {
        let mut encoded = vec![FORMAT];
        let body = rmp_serde::to_vec_named(&envelope).map_err(io::Error::other)?;
        encoded.extend_from_slice(&body);
        Ok(Self { encoded: encoded.into(), decoded: Some(Arc::new(envelope)) })
    }

    /// Takes bytes as they lie in a log.
    pub(crate) fn from_encoded(encoded: Bytes) -> Self {
        Self { encoded, decoded: None }
    }

    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// The envelope, decoded if need be. Fails on a format or a command that this version does not
    /// know.
    pub(crate) fn envelope(&self) -> io::Result<Arc<Envelope>> {
        if let Some(envelope) = &self.decoded {
            return Ok(Arc::clone(envelope));
        }
        let body = match self.encoded.split_first() {
            Some((&FORMAT, body)) => body,
            Some((format, _)) => return Err(io::Error::other(format!("command format {format} is not known"))),
            None => return Err(io::Error::other("an empty command")),
        };
        rmp_serde::from_slice(body)
            .map(Arc::new)
            .map_err(|error| io::Error::other(format!("command not understood: {error}")))
    }
}

impl fmt::Debug for Request {
    /// Sizes only: commands hold keys and tokens, which must not reach a log file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} bytes)", self.encoded.len())
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{entry, register};

    fn decoded(encoded: Vec<u8>) -> Result<Arc<Envelope>, String> {
        Request::from_encoded(encoded.into()).envelope().map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_proposed_is_decoded_elsewhere() {
        let openraft::EntryPayload::Normal(request) = entry(1, 7).payload else { panic!("not a command") };
        let envelope = decoded(request.encoded().to_vec()).unwrap();
        assert_eq!(envelope, request.envelope().unwrap());
        assert_eq!(envelope.command, register("node-7"));
    }

    #[test]
    fn formats_and_commands_of_later_versions_are_errors() {
        #[derive(Serialize)]
        struct Later {
            id: uuid::Uuid,
            at: i64,
            command: &'static str,
        }
        let mut later = vec![FORMAT];
        later.extend(rmp_serde::to_vec_named(&Later { id: uuid::Uuid::nil(), at: 1, command: "Levitate" }).unwrap());
        assert!(decoded(later).unwrap_err().contains("Levitate"));
        assert_eq!(decoded(vec![9, 1, 2]).unwrap_err(), "command format 9 is not known");
        assert_eq!(decoded(vec![]).unwrap_err(), "an empty command");
    }
}
