//! Which nodes and instances a request asks for, besides its filter.
//!
//! `near` is taken and has no effect: there are no network coordinates, and where Consul has none it
//! leaves the order as it is too.

use weft_model::catalog::{Meta, Node, Service};

use crate::call::Call;

/// Whether the node has all pairs of the `node-meta` parameters.
pub(super) fn node_fits(call: &Call, node: &Node) -> bool {
    has_pairs(call, &node.meta)
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
