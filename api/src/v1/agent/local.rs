//! What of the catalog is this agent's own: the instances and checks on its node, without those that the
//! cluster keeps about the node itself.

use weft_model::acl::{Need, Wanted};
use weft_model::catalog::{Indexed, Service};
use weft_model::health::{Check, SERF_HEALTH};
use weft_model::registration::Registration;
use weft_model::{CheckId, ServiceId};
use weft_state::StateView;

use crate::access;
use crate::call::Call;
use crate::refusal::Refusal;

/// The service under which the servers themselves are listed.
pub(super) const SERVERS: &str = "consul";

pub(super) fn services(call: &Call, view: &StateView<'_>) -> Vec<Indexed<Service>> {
    let mut services = view.node_services(call.own_node());
    services.retain(|service| is_own(&service.value));
    services
}

pub(super) fn checks(call: &Call, view: &StateView<'_>) -> Vec<Indexed<Check>> {
    let mut checks = view.node_checks(call.own_node());
    checks.retain(|check| check.value.id != SERF_HEALTH && check.value.service_name != SERVERS);
    checks
}

/// One of this agent's instances.
pub(super) fn service(call: &Call, view: &StateView<'_>, id: &ServiceId) -> Option<Indexed<Service>> {
    view.own_service(call.own_node(), id).filter(|service| is_own(&service.value))
}

/// One of this agent's instances, in the state as it is now; it is missing only when the leader says so, too.
pub(super) async fn find_service(call: &Call, id: &ServiceId) -> Result<Option<Indexed<Service>>, Refusal> {
    let found = service(call, &StateView::new(&call.host.store.current()), id);
    if found.is_some() {
        return Ok(found);
    }
    let state = call.caught_up().await?;
    Ok(service(call, &StateView::new(&state), id))
}

/// The instance that a write is about.
pub(super) async fn existing_service(call: &Call, id: &ServiceId) -> Result<Indexed<Service>, Refusal> {
    find_service(call, id).await?.ok_or_else(|| {
        Refusal::not_found(format!(
            "Unknown service ID {:?}. Ensure that the service ID is passed, not the service name.",
            id.as_str()
        ))
    })
}

fn is_own(service: &Service) -> bool {
    service.name != SERVERS
}

/// Asks whether the caller may register all this: each service by its name, also by the one that it had, and
/// each check as its service or as this node.
pub(super) fn vet(call: &Call, registration: &Registration) -> Result<(), Refusal> {
    call.nothing_to_ask();
    if !call.host.access.enabled() {
        return Ok(());
    }
    let state = call.host.store.current();
    let view = StateView::new(&state);
    for service in &registration.services {
        call.require(&state, &access::service(service.service.name.as_str(), Wanted::Write))?;
        if let Some(former) = view.own_service(call.own_node(), &service.service.id) {
            call.require(&state, &access::service(former.value.name.as_str(), Wanted::Write))?;
        }
    }
    for check in &registration.checks {
        let is_new = registration.services.iter().any(|service| service.service.id == check.service_id);
        if !is_new {
            call.require(&state, &check_need(call, &view, &check.service_id))?;
        }
        if let Some(former) = view.check(call.own_node(), &check.id) {
            call.require(&state, &check_need(call, &view, &former.value.service_id))?;
        }
    }
    Ok(())
}

/// Asks whether the caller may write a check of this agent, if there is such a one.
pub(super) fn vet_check(call: &Call, id: &CheckId) -> Result<(), Refusal> {
    let state = call.host.store.current();
    let view = StateView::new(&state);
    match view.check(call.own_node(), id) {
        Some(check) => call.require(&state, &check_need(call, &view, &check.value.service_id)),
        None => {
            call.nothing_to_ask();
            Ok(())
        }
    }
}

/// A check is written by whoever writes its service, or this node.
fn check_need(call: &Call, view: &StateView<'_>, service: &ServiceId) -> Need {
    match view.own_service(call.own_node(), service).filter(|_| !service.is_empty()) {
        Some(service) => access::service(service.value.name.as_str(), Wanted::Write),
        None => access::node(call.own_node().as_str(), Wanted::Write),
    }
}
