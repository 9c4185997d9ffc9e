//! Lists of the registry.

use weft_model::acl::Wanted;
use weft_model::catalog::{Indexed, Node};
use weft_model::{NodeName, ServiceName};
use weft_state::{Instance, StateView};

use super::{central, tagged};
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{CATALOG_ROW, NODE, SERVICE, retain};
use crate::v1::select::{node_fits, of_peer, sort_near, tags_fit};
use crate::wire::catalog::{CatalogRows, Form, NoNodeServices, NodeServices, catalog_value};
use crate::wire::node::{NodeRows, node_value};
use crate::wire::service::service_value;

/// All nodes.
pub(crate) fn nodes(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&NODE)?;
    let mut nodes = view.nodes();
    let gate = call.gate(view.state())?;
    gate.retain(&mut nodes, |found| access::node(found.value.name.as_str(), Wanted::Read));
    nodes.retain(|node| node_fits(call, &node.value));
    retain(filter.as_ref(), &mut nodes, node_value);
    sort_near(call, view, &mut nodes, |node| &node.value.name);
    Ok(Answer::json(NodeRows(nodes)))
}

/// All service names with their tags.
pub(crate) fn services(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&CATALOG_ROW)?;
    let mut services = view.services(|node| node_fits(call, node));
    let gate = call.gate(view.state())?;
    services.retain(|name, _| gate.shows(&access::service(name.as_str(), Wanted::Read)));
    if let Some(filter) = filter {
        services.retain(|name, tags| {
            let mut instances = view.instances(name);
            instances.retain(|instance| node_fits(call, &instance.node.value));
            retain(Some(&filter), &mut instances, catalog_value);
            *tags = instances.iter().flat_map(|instance| instance.service.value.tags.iter().cloned()).collect();
            !instances.is_empty()
        });
    }
    Ok(Answer::json(services))
}

/// The instances of a service.
pub(crate) fn service(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    instances(call, view, view.instances(&name))
}

/// The mesh endpoints of a service.
pub(crate) fn connect(call: &Call, view: &StateView<'_>) -> Outcome {
    let name: ServiceName = call.path_name("Missing service name")?.into();
    instances(call, view, view.connect_instances(&name))
}

fn instances(call: &Call, view: &StateView<'_>, mut instances: Vec<Instance>) -> Outcome {
    let filter = call.filter(&CATALOG_ROW)?;
    call.gate(view.state())?.instances(&mut instances);
    instances.retain(|instance| node_fits(call, &instance.node.value) && tags_fit(call, &instance.service.value));
    central::merge(call, view, instances.iter_mut().map(|instance| &mut instance.service));
    tagged::add_virtual(view, instances.iter_mut().map(|instance| &mut instance.service));
    retain(filter.as_ref(), &mut instances, catalog_value);
    sort_near(call, view, &mut instances, |instance| &instance.node.value.name);
    Ok(Answer::json(CatalogRows(instances)))
}

/// A node with its instances by id; `null` when there is no such node.
pub(crate) fn node(call: &Call, view: &StateView<'_>) -> Outcome {
    match on_node(call, view, Form::ById)? {
        Some(found) => Ok(Answer::json(found)),
        None => Ok(Answer::json(())),
    }
}

/// A node with the list of its instances.
pub(crate) fn node_services(call: &Call, view: &StateView<'_>) -> Outcome {
    match on_node(call, view, Form::List)? {
        Some(found) => Ok(Answer::json(found)),
        None => Ok(Answer::json(NoNodeServices { node: (), services: () })),
    }
}

fn on_node(call: &Call, view: &StateView<'_>, form: Form) -> Result<Option<NodeServices>, crate::refusal::Refusal> {
    let name = call.path_name("Missing node name")?;
    let filter = call.filter(&SERVICE)?;
    let gate = call.gate(view.state())?;
    let known = find(view, name).filter(|_| !of_peer(call));
    let found = known.filter(|node| gate.shows(&access::node(node.value.name.as_str(), Wanted::Read)));
    let Some(node) = found else { return Ok(None) };
    let mut services = view.node_services(&node.value.name);
    gate.retain(&mut services, |service| access::service(service.value.name.as_str(), Wanted::Read));
    central::merge(call, view, services.iter_mut());
    tagged::add_virtual(view, services.iter_mut());
    retain(filter.as_ref(), &mut services, service_value);
    Ok(Some(NodeServices { node, services, form }))
}

/// A node by its name, or by the beginning of its id.
fn find(view: &StateView<'_>, name: &str) -> Option<Indexed<Node>> {
    const SHORTEST_ID: usize = 4;
    if let Some(node) = view.node(&NodeName::from(name)) {
        return Some(node);
    }
    let like_id = name.len() >= SHORTEST_ID && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if !like_id {
        return None;
    }
    let prefix = name.to_ascii_lowercase();
    let mut found = view.nodes().into_iter().filter(|node| node.value.id.to_ascii_lowercase().starts_with(&prefix));
    // An ambiguous beginning names no node.
    found.next().filter(|_| found.next().is_none())
}
