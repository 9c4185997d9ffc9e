//! What of the catalog is this agent's own: the instances and checks on its node, without those that the
//! cluster keeps about the node itself.

use weft_model::ServiceId;
use weft_model::catalog::{Indexed, Service};
use weft_model::health::{Check, SERF_HEALTH};
use weft_state::StateView;

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

/// The instance that a write is about, in the state as it is now.
pub(super) fn existing_service(call: &Call, id: &ServiceId) -> Result<Indexed<Service>, Refusal> {
    let state = call.host.store.current();
    service(call, &StateView::new(&state), id).ok_or_else(|| {
        Refusal::not_found(format!(
            "Unknown service ID {:?}. Ensure that the service ID is passed, not the service name.",
            id.as_str()
        ))
    })
}

fn is_own(service: &Service) -> bool {
    service.name != SERVERS
}
