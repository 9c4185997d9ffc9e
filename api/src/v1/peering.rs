//! `/v1/peering`: there is none. Whoever asks is told so, in Consul's words for a server where it is turned off.

use crate::answer::Outcome;
use crate::call::Call;
use crate::refusal::Refusal;

/// Refuses.
pub(crate) async fn off(_: Call) -> Outcome {
    Err(Refusal::bad_request("Peering is disabled"))
}
