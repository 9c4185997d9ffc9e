//! Whose a node's name is: as long as its agent lives, nobody else takes it by bringing another node id. Servers that have lost
//! their disk come back with a new id and are not asked: they register themselves, not through here.

use weft_model::CheckId;
use weft_model::catalog::Node;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_state::StateView;

/// Consul's text when the name belongs to a live node with another id.
pub(crate) fn reserved(view: &StateView<'_>, node: &Node) -> Option<String> {
    let holder = view.node(&node.name)?.value;
    if node.id.is_empty() || holder.id.eq_ignore_ascii_case(&node.id) {
        return None;
    }
    // A node that had no id may be given a fresh one, but not one that another node has.
    let renames = view.nodes().iter().any(|known| known.value.id.eq_ignore_ascii_case(&node.id));
    let health = view.check(&holder.name, &CheckId::from(SERF_HEALTH));
    let alive = health.is_some_and(|check| check.value.status == CheckStatus::Passing);
    if !alive || (holder.id.is_empty() && !renames) {
        return None;
    }
    let from = if renames { format!(" ({})", node.address) } else { String::new() };
    Some(format!(
        "Error while renaming Node ID: {:?}{from}: Node name {} is reserved by node {} with name {} ({})",
        node.id, node.name, holder.id, holder.name, holder.address
    ))
}
