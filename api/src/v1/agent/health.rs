//! `/v1/agent/health/service`: the verdict over this agent's instances, as a status that load balancers
//! understand.

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;
use weft_model::ServiceId;
use weft_model::acl::Wanted;
use weft_model::catalog::{Indexed, Service};
use weft_model::health::{Check, CheckStatus, NODE_MAINTENANCE, SERVICE_MAINTENANCE_PREFIX};
use weft_state::StateView;

use super::local;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::agent::{NoService, ServiceHealth};

const REASON: HeaderName = HeaderName::from_static("x-consul-reason");

/// The verdict over one instance.
pub(crate) fn health_by_id(call: &Call, view: &StateView<'_>) -> Outcome {
    let id = ServiceId::from(name(call, "Bad request: Missing serviceID")?);
    call.nothing_to_ask();
    let Some(service) = local::service(call, view, &id) else {
        let reason = format!("ServiceId {id} not found");
        return Ok(not_found(call, &reason, Answer::json(NoService)));
    };
    call.require(view.state(), &access::service(service.value.name.as_str(), Wanted::Read))?;
    let health = health(service, &local::checks(call, view));
    let verdict = health.aggregated_status;
    Ok(answer(call, verdict, Answer::json(health)))
}

/// The verdict over all instances of a name: that of the worst.
pub(crate) fn health_by_name(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = name(call, "Bad request: Missing service Name")?;
    call.require(view.state(), &access::service(name, Wanted::Read))?;
    let checks = local::checks(call, view);
    let services = local::services(call, view).into_iter().filter(|service| service.value.name == name);
    let healths: Vec<_> = services.map(|service| health(service, &checks)).collect();
    let Some(worst) = healths.iter().map(|health| health.aggregated_status).max_by_key(|verdict| status(verdict))
    else {
        let reason = format!("ServiceName {name} Not Found");
        return Ok(not_found(call, &reason, Answer::json(healths)));
    };
    Ok(answer(call, worst, Answer::json(healths)))
}

fn name<'a>(call: &'a Call, missing: &str) -> Result<&'a str, Refusal> {
    call.path_name("").map_err(|_| Refusal::failed(missing))
}

fn health(service: Indexed<Service>, checks: &[Indexed<Check>]) -> ServiceHealth {
    let id = &service.value.id;
    let concerns = |check: &&Indexed<Check>| check.value.service_id.is_empty() || check.value.service_id == *id;
    let checks: Vec<_> = checks.iter().filter(concerns).map(|check| Arc::clone(&check.value)).collect();
    ServiceHealth { aggregated_status: verdict(&checks), service: service.value, checks }
}

/// Maintenance is worse than critical.
fn verdict(checks: &[Arc<Check>]) -> &'static str {
    let maintenance =
        |check: &&Arc<Check>| check.id == NODE_MAINTENANCE || check.id.as_str().starts_with(SERVICE_MAINTENANCE_PREFIX);
    if checks.iter().any(|check| maintenance(&check)) {
        return "maintenance";
    }
    checks.iter().map(|check| check.status).max().unwrap_or(CheckStatus::Passing).as_str()
}

/// The order of these statuses is the order of severity.
fn status(verdict: &str) -> StatusCode {
    match verdict {
        "passing" => StatusCode::OK,
        "warning" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn answer(call: &Call, verdict: &'static str, json: Answer) -> Answer {
    as_text_if_asked(call, verdict, json).status(status(verdict)).header(REASON, verdict)
}

fn not_found(call: &Call, reason: &str, json: Answer) -> Answer {
    as_text_if_asked(call, reason, json).status(StatusCode::NOT_FOUND).header(REASON, reason)
}

fn as_text_if_asked(call: &Call, text: &str, json: Answer) -> Answer {
    if call.query.text("format") == "text" { Answer::bytes("text/plain", text.to_owned()) } else { json }
}
