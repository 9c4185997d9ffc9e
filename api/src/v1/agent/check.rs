//! `/v1/agent/check(s)`: checks of this agent, and heartbeats of those that wait for them.

use serde::Deserialize;
use weft_model::command::Target;
use weft_model::health::CheckStatus;
use weft_model::registration::{CheckBody, Registration};
use weft_model::{CheckId, Command, ServiceId};
use weft_state::StateView;

use super::local;
use super::service::refuse_script;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{CHECK, retain};
use crate::host::HeartbeatError;
use crate::refusal::Refusal;
use crate::wire::check::{AgentChecks, check_value};

/// All checks by their id.
pub(crate) fn checks(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&CHECK)?;
    let mut checks = local::checks(call, view);
    call.gate(view.state())?.checks(&mut checks);
    retain(filter.as_ref(), &mut checks, check_value);
    Ok(Answer::json(AgentChecks(checks)))
}

/// Adds or replaces a check of this node or of one of its instances.
pub(crate) async fn register_check(call: Call) -> Outcome {
    let body: CheckBody = call.decode()?;
    if body.name.is_empty() {
        return Err(Refusal::bad_request("Missing check name"));
    }
    body.validate().map_err(Refusal::bad_request)?;
    refuse_script(&call, &body)?;
    if !body.service_id.is_empty() {
        let id = ServiceId::from(&body.service_id);
        if local::find_service(&call, &id).await?.is_none() {
            return Err(Refusal::failed(format!("ServiceID {:?} does not exist", id.as_str())));
        }
    }
    let node = call.host.agent.node.clone();
    let fallback = body.name.clone();
    let token = if body.token.is_empty() { call.token.clone() } else { body.token.clone() };
    let check = body.into_check(&node.name, &fallback, "");
    let registration = Registration {
        node,
        skip_node_update: true,
        checks: vec![check],
        keep_status: true,
        ..Registration::default()
    };
    local::vet(&call, &registration)?;
    call.host.checks.registering(&registration, &token);
    call.propose(Command::Register(Box::new(registration))).await?;
    Ok(Answer::empty())
}

/// Removes a check.
pub(crate) async fn deregister_check(call: Call) -> Outcome {
    let id = CheckId::from(call.path_name("Missing check ID")?);
    let state = call.caught_up().await?;
    local::vet_check(&call, &id)?;
    if StateView::new(&state).check(call.own_node(), &id).is_none() {
        return Err(Refusal::not_found(format!(
            "Unknown check ID {:?}. Ensure that the check ID is passed, not the check name.",
            id.as_str()
        )));
    }
    let command = Command::Deregister { node: call.own_node().clone(), target: Target::Check(id) };
    call.propose(command).await?;
    Ok(Answer::empty())
}

/// A heartbeat: passing.
pub(crate) async fn pass(call: Call) -> Outcome {
    note(call, CheckStatus::Passing).await
}

/// A heartbeat: warning.
pub(crate) async fn warn(call: Call) -> Outcome {
    note(call, CheckStatus::Warning).await
}

/// A heartbeat: critical.
pub(crate) async fn fail(call: Call) -> Outcome {
    note(call, CheckStatus::Critical).await
}

async fn note(call: Call, status: CheckStatus) -> Outcome {
    let output = call.query.text("note").to_owned();
    heartbeat(&call, status, output).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CheckUpdate {
    status: String,
    output: String,
}

/// A heartbeat that says its status in the body.
pub(crate) async fn update(call: Call) -> Outcome {
    let update: CheckUpdate = call.decode()?;
    let status = CheckStatus::parse(&update.status)
        .ok_or_else(|| Refusal::bad_request(format!("Invalid check status: '{}'", update.status)))?;
    heartbeat(&call, status, update.output).await
}

async fn heartbeat(call: &Call, status: CheckStatus, output: String) -> Outcome {
    let check = CheckId::from(call.path_name("Missing check ID")?);
    local::vet_check(call, &check)?;
    let output = cut(output, call.host.agent.check_output_max);
    let noted = call.host.checks.heartbeat(check.clone(), status, output.clone()).await;
    if let Err(HeartbeatError::Unknown(_)) = noted {
        call.caught_up().await?;
        local::vet_check(call, &check)?;
        call.host.checks.heartbeat(check, status, output).await?;
    } else {
        noted?;
    }
    Ok(Answer::empty())
}

fn cut(mut output: String, max: usize) -> String {
    let length = output.len();
    if length <= max {
        return output;
    }
    let kept = (0..=max).rev().find(|at| output.is_char_boundary(*at)).unwrap_or(0);
    output.truncate(kept);
    output.push_str(&format!(" ... (captured {kept} of {length} bytes)"));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_outputs_are_cut_between_characters() {
        assert_eq!(cut("fine".into(), 4096), "fine");
        let long = cut("é".repeat(3000), 4096);
        assert!(long.ends_with("é ... (captured 4096 of 6000 bytes)"), "{}", &long[4000..]);
        let odd = cut(format!("x{}", "é".repeat(3000)), 4096);
        assert!(odd.ends_with(" ... (captured 4095 of 6001 bytes)"));
    }
}
