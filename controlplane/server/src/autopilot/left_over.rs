//! Nodes of servers that are in the catalog and not in the cluster any more: replaced, left out of a
//! recovery, taken out by hand. They fail like any other server, and go. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use weft_model::autopilot::AutopilotConfig;
use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{Command, NodeName};
use weft_raft::Member;
use weft_state::StateView;

use super::liveness::GONE;
use super::plan::{GONE_AFTER, LEARNER_AFTER};
use super::watch::{FAILED_AFTER, Watch};
use crate::node::SERVER_SERVICE;

/// The nodes that say to be servers, and are no members by id or name.
pub(super) fn nodes(view: &StateView<'_>, members: &[Member]) -> BTreeSet<NodeName> {
    let is_member = |node: &Node| {
        members.iter().any(|Member { server, .. }| {
            let is_same_id = !node.id.is_empty() && server.server_id == node.id;
            is_same_id || node.name == *server.name.as_str()
        })
    };
    let servers = view.instances(&SERVER_SERVICE.into()).into_iter().map(|server| server.node.value);
    let left_over = servers.filter(|node| !is_member(node)).map(|node| node.name.clone());
    left_over.filter(|name| view.check(name, &SERF_HEALTH.into()).is_some()).collect()
}

/// Those that have been left over for a while are said to have failed; after a longer while they go.
pub(super) fn commands(view: &StateView<'_>, watch: &Watch, settings: &AutopilotConfig, now: Duration) -> Vec<Command> {
    let kept = if settings.cleanup_dead_servers { LEARNER_AFTER } else { GONE_AFTER };
    let due = watch.left_over.iter().filter_map(|(node, since)| {
        let age = now.saturating_sub(*since);
        let status = view.check(node, &SERF_HEALTH.into())?.value.status;
        if age >= FAILED_AFTER + kept {
            return Some(Command::Deregister { node: node.clone(), target: Target::Node });
        }
        (age >= FAILED_AFTER && status != CheckStatus::Critical).then(|| Command::UpdateCheck {
            node: node.clone(),
            check: SERF_HEALTH.into(),
            status: CheckStatus::Critical,
            output: GONE.to_owned(),
        })
    });
    due.collect()
}
