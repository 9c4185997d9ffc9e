//! Why a request got no good answer.

use std::fmt;

use http::StatusCode;

/// Why a request got no good answer.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// Nobody answers at the address.
    Unreachable { address: String, why: String },
    /// The connection ended, or what came over it was not HTTP.
    Broken { address: String, why: String },
    /// The agent refused, with a text of its own.
    /// The index is that of the state in which it did; 0 where none is told.
    Status { status: StatusCode, text: String, index: u64 },
    /// The answer could not be written to where it was to go.
    NotKept(String),
    /// The agent's answer is not what its API says.
    NotJson(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { address, why } => write!(
                f,
                "cannot reach an agent at {address}: {why}\n\
                 Start one with \"weft agent --dev\", or say where yours is with --http-addr or WEFT_HTTP_ADDR."
            ),
            Self::Broken { address, why } => write!(f, "the agent at {address} did not answer: {why}"),
            Self::Status { status, text, .. } => write!(f, "Unexpected response code: {} ({text})", status.as_u16()),
            Self::NotKept(why) => write!(f, "cannot write what the agent answers: {why}"),
            Self::NotJson(why) => write!(f, "the agent's answer is not JSON: {why}"),
        }
    }
}

impl std::error::Error for ClientError {}
