//! The map of round trip times as a client agent has it: from a server, each time anew.

use std::time::Duration;

use weft_model::coordinate::NodeCoordinate;
use weft_model::{Command, NodeName};

use super::servers::Servers;
use super::sync::WRITE_MAX;
use crate::acl::Acl;
use crate::clients::message::{APPLY, Apply, Beat, PLACES, Written};
use crate::coordinates::{Map, Places};

const ANSWER_MAX: Duration = Duration::from_secs(3);

/// The way to the servers, for places.
pub(super) struct ServersMap {
    pub(super) servers: Servers,
    pub(super) acl: Acl,
}

impl Map for ServersMap {
    async fn places(&self, node: &NodeName) -> Option<Places> {
        let beat = Beat { node: node.clone() };
        let answer = self.servers.ask(PLACES, &beat, &self.acl.agent_token(), ANSWER_MAX).await;
        answer.inspect_err(|lost| tracing::debug!(%lost, "the servers' places cannot be read")).ok()
    }

    async fn tell(&self, own: NodeCoordinate) -> bool {
        let apply = Apply { node: own.node.clone(), commands: vec![Command::CoordinatesUpdate(vec![own])] };
        let told = self.servers.ask::<Written>(APPLY, &apply, &self.acl.agent_token(), WRITE_MAX).await;
        match told {
            Ok(written) => {
                let refusal = written.outcomes.into_iter().flatten().next();
                refusal.inspect(|why| tracing::debug!(%why, "this agent may not tell its place")).is_none()
            }
            Err(lost) => {
                tracing::debug!(%lost, "this agent's place was not told");
                true
            }
        }
    }
}
