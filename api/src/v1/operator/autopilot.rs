//! How the servers look after each other.

use http::StatusCode;
use weft_model::autopilot::AutopilotConfig;
use weft_model::{Command, Reply};
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::body;
use crate::call::Call;
use crate::query::go_uint;
use crate::refusal::Refusal;
use crate::wire::operator::{Autopilot, HealthAnswer, StateAnswer};

const PARSE_FAILED: &str = "Bad request: Error parsing autopilot config";

/// The settings.
pub(crate) fn configuration(_: &Call, view: &StateView<'_>) -> Outcome {
    Ok(Answer::json(Autopilot(view.autopilot())))
}

/// Replaces the settings; what is not given has its default.
pub(crate) async fn configure(call: Call) -> Outcome {
    let cas = match call.query.get("cas") {
        None => None,
        Some(text) => Some(
            go_uint(text)
                .map_err(|why| Refusal::bad_request(format!("Bad request: Error parsing cas value: {why}")))?,
        ),
    };
    let mut document = call.json(PARSE_FAILED)?;
    if let Some(fields) = document.as_object_mut() {
        // What readers are shown may be sent back.
        fields.retain(|name, value| !(matches!(name.as_str(), "CreateIndex" | "ModifyIndex") && value.is_number()));
    }
    let config: AutopilotConfig = body::decode_value(document, PARSE_FAILED)?;
    let reply = call.propose(Command::AutopilotSet { config, cas }).await?;
    Ok(Answer::json(match reply {
        Reply::Swapped(swapped) => swapped,
        Reply::Done | Reply::Serial(_) | Reply::Txn(_) | Reply::Assigned(_) => true,
    }))
}

/// How each server does. 429 when one does badly, with the same body: load balancers look at the status.
pub(crate) async fn health(call: Call) -> Outcome {
    let health = call.host.cluster.autopilot_health().await?;
    let status = if health.healthy { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
    Ok(Answer::json(HealthAnswer::from(health)).status(status))
}

/// The same, by server.
pub(crate) async fn state(call: Call) -> Outcome {
    Ok(Answer::json(StateAnswer::from(call.host.cluster.autopilot_health().await?)))
}
