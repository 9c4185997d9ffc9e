//! What applying an entry gives back to its proposer.

use serde::{Deserialize, Serialize};
use weft_model::{ApplyError, Reply};

/// The outcome of one entry; nothing for the entries that Raft writes for itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer(pub(crate) Option<Result<Reply, ApplyError>>);
