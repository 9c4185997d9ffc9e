//! Which nodes and instances a request asks for, besides its filter.

use weft_model::NodeName;
use weft_model::catalog::{Meta, Node, Service};
use weft_state::StateView;

use crate::call::Call;

/// Whether the node has all pairs of the `node-meta` parameters, and is not asked for among those of a peer.
pub(super) fn node_fits(call: &Call, node: &Node) -> bool {
    !of_peer(call) && has_pairs(call, &node.meta)
}

/// Whether what a peer has imported here is meant: nothing, as there are no peers.
pub(super) fn of_peer(call: &Call) -> bool {
    !call.query.text("peer").is_empty()
}

fn has_pairs(call: &Call, meta: &Meta) -> bool {
    call.query.all("node-meta").all(|pair| {
        let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
        meta.get(key).is_some_and(|found| found == value)
    })
}

/// Whether the instance has all tags of the `tag` parameters, in any case.
pub(super) fn tags_fit(call: &Call, service: &Service) -> bool {
    let has = |wanted: &str| service.tags.iter().any(|tag| tag.to_lowercase() == wanted.to_lowercase());
    call.query.all("tag").filter(|wanted| !wanted.is_empty()).all(has)
}

/// Puts first what is near the node that `near` names; `_agent` is this one. Without a known place nothing moves.
pub(super) fn sort_near<T>(call: &Call, view: &StateView<'_>, rows: &mut [T], node: impl Fn(&T) -> &NodeName) {
    match call.query.text("near") {
        "" => {}
        "_agent" => view.sort_by_distance(call.own_node(), rows, node),
        name => view.sort_by_distance(&name.into(), rows, node),
    }
}
