//! `/v1/health`: checks, and instances with their checks.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_model::catalog::{Indexed, Node, ServiceKind};
use weft_model::health::{Check, CheckStatus};
use weft_model::{NodeName, ServiceName};
use weft_state::{Instance, StateView};

use super::catalog::{central, gateway, tagged};
use super::select::{node_fits, of_peer, sort_near, tags_fit};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{CHECK, HEALTH_ROW, retain};
use crate::wire::check::{CheckRows, check_value};
use crate::wire::health::{HealthRows, health_value};

/// All checks on a node.
pub(crate) fn node(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Missing node name")?;
    checks_answer(call, view, view.node_checks(&name.into()))
}

/// The own checks of a service's instances.
pub(crate) fn checks(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    let mut checks = Vec::new();
    for instance in view.instances(&name) {
        if node_fits(call, &instance.node.value) {
            checks.extend(instance.checks.into_iter().filter(|check| !check.value.service_id.is_empty()));
        }
    }
    checks_answer(call, view, checks)
}

/// All checks in a state.
pub(crate) fn state(call: &Call, view: &StateView<'_>) -> Outcome {
    let wanted = call.path_name("Missing check state")?;
    let (any, status) = (wanted == "any", CheckStatus::parse(wanted));
    let mut checks = view.checks();
    checks.retain(|check| any || status == Some(check.value.status));
    if call.query.has("node-meta") {
        let nodes: BTreeMap<NodeName, Arc<Node>> =
            view.nodes().into_iter().map(|node| (node.value.name.clone(), node.value)).collect();
        checks.retain(|check| nodes.get(&check.value.node).is_some_and(|node| node_fits(call, node)));
    }
    checks_answer(call, view, checks)
}

/// The instances of a service.
pub(crate) fn service(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    instances_answer(call, view, view.instances(&name))
}

/// The mesh endpoints of a service.
pub(crate) fn connect(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    instances_answer(call, view, view.connect_instances(&name))
}

/// The gateways that let a service be called from outside.
pub(crate) fn ingress(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    let mut instances = Vec::new();
    for gateway in gateway::letting_in(view, &name) {
        let found = view.instances(&gateway);
        instances.extend(found.into_iter().filter(|found| found.service.value.kind == ServiceKind::IngressGateway));
    }
    instances_answer(call, view, instances)
}

fn instances_answer(call: &Call, view: &StateView<'_>, mut instances: Vec<Instance>) -> Outcome {
    let passing_only = call.flag("passing")?;
    let filter = call.filter(&HEALTH_ROW)?;
    call.gate(view.state())?.instances(&mut instances);
    instances.retain(|instance| {
        node_fits(call, &instance.node.value)
            && tags_fit(call, &instance.service.value)
            && (!passing_only || all_passing(instance))
    });
    central::merge(call, view, instances.iter_mut().map(|instance| &mut instance.service));
    tagged::add_virtual(view, instances.iter_mut().map(|instance| &mut instance.service));
    retain(filter.as_ref(), &mut instances, health_value);
    sort_near(call, view, &mut instances, |instance| &instance.node.value.name);
    Ok(Answer::json(HealthRows(instances)))
}

fn all_passing(instance: &Instance) -> bool {
    instance.checks.iter().all(|check| check.value.status == CheckStatus::Passing)
}

fn checks_answer(call: &Call, view: &StateView<'_>, mut checks: Vec<Indexed<Check>>) -> Outcome {
    checks.retain(|_| !of_peer(call));
    call.gate(view.state())?.checks(&mut checks);
    retain(call.filter(&CHECK)?.as_ref(), &mut checks, check_value);
    sort_near(call, view, &mut checks, |check| &check.value.node);
    Ok(Answer::json(CheckRows(checks)))
}
