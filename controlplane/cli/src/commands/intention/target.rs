//! Which intention is meant: by its two services, or by its ID.

use serde_json::Value;

use crate::client::{Client, ClientError, Request, segment};
use crate::failure::Failure;

/// Which intention is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Pair { source: String, destination: String },
    Id(String),
}

/// Source and destination in the query, as every endpoint about one pair has them.
pub(super) fn pair<'a>(request: Request<'a>, source: &str, destination: &str) -> Request<'a> {
    request.param("source", source).param("destination", destination)
}

impl Target {
    /// Reads `SRC DST` or `ID`.
    pub(super) fn read(words: &[String]) -> Result<Self, Failure> {
        match words {
            [id] => Ok(Self::Id(id.clone())),
            [source, destination] => Ok(Self::Pair { source: source.clone(), destination: destination.clone() }),
            _ => Err(Failure::new("Error: command requires exactly 1 or 2 arguments")),
        }
    }

    /// The intention, if it exists.
    pub(super) async fn fetch(&self, client: &Client) -> Result<Option<Value>, ClientError> {
        let request = match self {
            Self::Id(id) => client.get(format!("/v1/connect/intentions/{}", segment(id))),
            Self::Pair { source, destination } => pair(client.get("/v1/connect/intentions/exact"), source, destination),
        };
        request.fetch_optional().await
    }

    /// Removes it.
    pub(super) async fn delete(&self, client: &Client) -> Result<(), ClientError> {
        let request = match self {
            Self::Id(id) => client.delete(format!("/v1/connect/intentions/{}", segment(id))),
            Self::Pair { source, destination } => {
                pair(client.delete("/v1/connect/intentions/exact"), source, destination)
            }
        };
        request.send().await.map(drop)
    }

    /// What to say when it does not exist.
    pub(super) fn not_found(&self) -> Failure {
        Failure::new(match self {
            Self::Id(id) => format!("Error: Intention with ID {id:?} not found."),
            Self::Pair { source, destination } => {
                format!("Error: Intention with source {source:?} and destination {destination:?} not found.")
            }
        })
    }
}
