//! `/v1/agent/reload`: the agent's files are read again.

use std::sync::Arc;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

/// Answers when what has changed holds, or with all that is wrong with the files.
pub(crate) async fn reload(call: Call) -> Outcome {
    let files = Arc::clone(&call.host.reload);
    files.reload().await.map_err(Refusal::failed)?;
    Ok(Answer::empty())
}
