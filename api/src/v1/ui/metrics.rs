//! Metrics that a user interface would be handed on from another server.

use crate::answer::Outcome;
use crate::call::Call;
use crate::refusal::Refusal;

/// Refuses: no server of metrics can be named, so nothing is handed on.
pub(crate) async fn metrics(_: Call) -> Outcome {
    Err(Refusal::not_found("Metrics proxy is not enabled"))
}
