//! Nodes with all that runs on them.

use weft_model::acl::Wanted;
use weft_model::catalog::{Indexed, Node};
use weft_state::StateView;

use crate::access::{self, Gate};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{NODE_DUMP, retain};
use crate::refusal::Refusal;
use crate::wire::ui::{NodeDump, dump_value};

/// All nodes.
pub(crate) fn nodes(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&NODE_DUMP)?;
    let gate = call.gate(view.state())?;
    let mut dumps: Vec<_> = view.nodes().into_iter().filter_map(|node| dump(&gate, view, node)).collect();
    retain(filter.as_ref(), &mut dumps, dump_value);
    Ok(Answer::json(dumps))
}

/// One node; 404 without a text when there is none.
pub(crate) fn node(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Missing node name")?;
    let gate = call.gate(view.state())?;
    match view.node(&name.into()).and_then(|node| dump(&gate, view, node)) {
        Some(dump) => Ok(Answer::json(dump)),
        None => Ok(Refusal::not_found("").into()),
    }
}

fn dump(gate: &Gate<'_>, view: &StateView<'_>, node: Indexed<Node>) -> Option<NodeDump> {
    if !gate.shows(&access::node(node.value.name.as_str(), Wanted::Read)) {
        return None;
    }
    let mut services = view.node_services(&node.value.name);
    gate.retain(&mut services, |service| access::service(service.value.name.as_str(), Wanted::Read));
    let mut checks = view.node_checks(&node.value.name);
    gate.checks(&mut checks);
    Some(NodeDump { node, services, checks })
}
