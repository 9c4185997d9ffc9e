//! What the leader sees of a server, as `serfHealth` in the catalog. Pure.

use std::time::Duration;

use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{CheckId, Command};
use weft_state::StateView;

use super::watch::{Sight, Watch};

/// How long a server that was told to end may take to come back before what runs beside it counts as gone.
const RESTART_MAX: Duration = Duration::from_secs(60);

/// What a failed server's check says.
pub(super) const GONE: &str = "Agent not live or unreachable";

/// The checks that do not say what is so.
pub(super) fn commands(view: &StateView<'_>, watch: &Watch, sight: &Sight) -> Vec<Command> {
    let nodes = view.nodes();
    let check = CheckId::from(SERF_HEALTH);
    let servers = sight.members.iter().filter(|member| !member.server.server_id.is_empty());
    let differing = servers.filter_map(|member| {
        let node = nodes.iter().find(|node| node.value.id == member.server.server_id)?.value.name.clone();
        let known = view.check(&node, &check)?;
        let restarting = known.value.output == crate::node::RESTARTING;
        let (status, output) = match watch.failed_for(member.id, sight.now) {
            None => (CheckStatus::Passing, crate::node::ALIVE),
            Some(time) if restarting && time < RESTART_MAX => return None,
            Some(_) => (CheckStatus::Critical, GONE),
        };
        let output = output.to_owned();
        (known.value.status != status).then(|| Command::UpdateCheck { node, check: check.clone(), status, output })
    });
    differing.collect()
}
