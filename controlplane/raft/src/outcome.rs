//! What became of one write, as the leader tells it to whoever forwarded it.

use openraft::errors::{ClientWriteError, Fatal};
use openraft::raft::WriteResult;
use serde::{Deserialize, Serialize};
use weft_model::{ApplyError, Reply};

use crate::types::Types;

/// The difference between the last two is what a client may be told: "no" or "perhaps".
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// Its log index, and what apply said.
    Applied(u64, Result<Reply, ApplyError>),
    /// It is certainly not in the log of whoever was asked.
    NotAppended,
    /// It may be in a log, and may yet be applied.
    Unknown(String),
}

impl Outcome {
    /// openraft refuses before it appends with `ForwardToLeader`, and never with that after it has.
    pub(crate) fn new(result: Option<Result<WriteResult<Types>, Fatal<Types>>>) -> Self {
        match result {
            None => Self::Unknown("the server is shutting down".to_owned()),
            Some(Err(fatal)) => Self::Unknown(fatal.to_string()),
            Some(Ok(Ok(written))) => match written.response.0 {
                Some(reply) => Self::Applied(written.log_id.index, reply),
                None => Self::Unknown("the entry had no answer".to_owned()),
            },
            Some(Ok(Err(ClientWriteError::ForwardToLeader(_)))) => Self::NotAppended,
            // Discarded here, but its entry may have been kept by the server that leads now.
            Some(Ok(Err(error @ ClientWriteError::LogEntryDiscarded(_)))) => Self::Unknown(error.to_string()),
            Some(Ok(Err(
                error @ (ClientWriteError::ChangeMembershipError(_) | ClientWriteError::PreconditionFailed(_)),
            ))) => Self::Unknown(error.to_string()),
        }
    }
}
