//! What the leader sees of a server, as `serfHealth` in the catalog. Pure.

use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{CheckId, Command};
use weft_state::StateView;

use super::watch::{Sight, Watch};

/// The checks that do not say what is so.
pub(super) fn commands(view: &StateView<'_>, watch: &Watch, sight: &Sight) -> Vec<Command> {
    let nodes = view.nodes();
    let check = CheckId::from(SERF_HEALTH);
    let servers = sight.members.iter().filter(|member| !member.server.server_id.is_empty());
    let differing = servers.filter_map(|member| {
        let node = nodes.iter().find(|node| node.value.id == member.server.server_id)?.value.name.clone();
        let (status, output) = match watch.is_alive(member.id) {
            true => (CheckStatus::Passing, crate::node::ALIVE),
            false => (CheckStatus::Critical, "Agent not live or unreachable"),
        };
        let known = view.check(&node, &check)?;
        let output = output.to_owned();
        (known.value.status != status).then(|| Command::UpdateCheck { node, check: check.clone(), status, output })
    });
    differing.collect()
}
