//! `/v1/weft`: what Consul has no word for.

use http::StatusCode;
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::openapi;
use crate::refusal::Refusal;

/// What each connected proxy was sent, and has acknowledged or refused.
pub(crate) fn proxies(call: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(call.host.proxies.proxies()))
}

/// What the tests of the cluster look at. For callers on this machine: it tells how the servers do, and may
/// cost something.
pub(crate) fn debug_raft(call: &Call, _: &StateView<'_>) -> Outcome {
    if !call.caller.is_some_and(|caller| caller.is_loopback()) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Only clients on this machine may ask for this"));
    }
    Ok(Answer::json(call.host.cluster.debug()))
}

/// The description of this API.
pub(crate) fn description(call: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(openapi::document(&call.host.agent.version)))
}
