//! Who may write what of the catalog. The same questions are asked of each operation of a transaction.

use weft_model::acl::{Need, Wanted};
use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::registration::Registration;
use weft_model::{CheckId, NodeName, ServiceId};
use weft_state::StateView;

use crate::access;
use crate::call::Call;
use crate::refusal::Refusal;

/// Asks for all that a registration touches.
pub(super) fn registration(call: &Call, registration: &Registration) -> Result<(), Refusal> {
    call.nothing_to_ask();
    if !call.host.access.enabled() {
        return Ok(());
    }
    let state = call.host.store.current();
    call.bearer(&state)?;
    let view = StateView::new(&state);
    for need in registration_needs(&view, registration) {
        call.require(&state, &need)?;
    }
    Ok(())
}

fn registration_needs(view: &StateView<'_>, registration: &Registration) -> Vec<Need> {
    let node = &registration.node.name;
    let mut needs = Vec::new();
    // Whoever registers a service on a node that stays as it is needs nothing of the node.
    let stays = |known: &Node| registration.skip_node_update || *known == registration.node;
    if view.node(node).is_none_or(|known| !stays(&known.value)) {
        needs.push(access::node(node.as_str(), Wanted::Write));
    }
    needs.extend(renamed_need(view, &registration.node));
    for service in &registration.services {
        needs.push(access::service(service.service.name.as_str(), Wanted::Write));
        needs.extend(service_need(view, node, &service.service.id));
    }
    for check in &registration.checks {
        let is_new = registration.services.iter().any(|service| service.service.id == check.service_id);
        if !is_new {
            needs.push(check_need(view, node, &check.service_id));
        }
        needs.extend(former_check_need(view, node, &check.id));
    }
    needs
}

/// An id moves a node from its former name: whoever does that writes both.
pub(crate) fn renamed_need(view: &StateView<'_>, node: &Node) -> Option<Need> {
    if node.id.is_empty() {
        return None;
    }
    let former = view.nodes().into_iter().find(|known| known.value.id == node.id && known.value.name != node.name)?;
    Some(access::node(former.value.name.as_str(), Wanted::Write))
}

/// What writing an instance that exists needs.
pub(crate) fn service_need(view: &StateView<'_>, node: &NodeName, id: &ServiceId) -> Option<Need> {
    let service = view.own_service(node, id)?;
    Some(access::service(service.value.name.as_str(), Wanted::Write))
}

/// A check is written by whoever writes its service, or its node.
pub(crate) fn check_need(view: &StateView<'_>, node: &NodeName, service: &ServiceId) -> Need {
    let service = if service.is_empty() { None } else { service_need(view, node, service) };
    service.unwrap_or_else(|| access::node(node.as_str(), Wanted::Write))
}

/// What writing a check that exists needs.
pub(crate) fn former_check_need(view: &StateView<'_>, node: &NodeName, id: &CheckId) -> Option<Need> {
    Some(check_need(view, node, &view.check(node, id)?.value.service_id))
}

/// Asks for what a removal needs: whoever may write a node may remove anything from it.
pub(super) fn deregistration(call: &Call, node: &NodeName, target: &Target) -> Result<(), Refusal> {
    let state = call.host.store.current();
    let view = StateView::new(&state);
    let whole = access::node(node.as_str(), Wanted::Write);
    if call.gate(&state)?.allows(&whole) {
        return Ok(());
    }
    let need = match target {
        Target::Node => None,
        Target::Service(id) => service_need(&view, node, id),
        Target::Check(id) => former_check_need(&view, node, id),
    };
    call.require(&state, &need.unwrap_or(whole))
}
