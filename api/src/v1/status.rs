//! `/v1/status`: who leads, and who votes.

use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;

/// The leader's address; empty when there is none.
pub(crate) async fn leader(call: Call) -> Outcome {
    Ok(Answer::json(call.host.cluster.leader().unwrap_or_default()))
}

/// The voters' addresses.
pub(crate) async fn peers(call: Call) -> Outcome {
    Ok(Answer::json(call.host.cluster.peers()))
}

/// The datacenters that can be asked.
pub(crate) fn datacenters(call: &Call, _: &StateView<'_>) -> Outcome {
    let answer = Answer::json([call.host.agent.node.datacenter.clone()]);
    Ok(if call.query.has("cached") { answer.cache_hit() } else { answer })
}
