//! `/v1/weft`: what Consul has no word for.

use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::openapi;

/// What each connected proxy was sent, and has acknowledged or refused.
pub(crate) fn proxies(call: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(call.host.proxies.proxies()))
}

/// The description of this API.
pub(crate) fn description(call: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(openapi::document(&call.host.agent.version)))
}
