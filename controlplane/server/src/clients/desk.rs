//! The messages of client agents, answered by a server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use http::StatusCode;
use tokio::time::{Instant, timeout_at};
use weft_api::access::{AccessControl as _, Bearer, UnknownToken};
use weft_model::acl::{Labelled, Need, Wanted};
use weft_model::command::Target;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::secret::Secret;
use weft_model::{ApplyError, Command, NodeName, ServiceId, Topic};
use weft_raft::Raft;
use weft_state::{ProposeError, State, StateView, Store};

use super::message::{Aliased, Apply, Ask, AskAliased, Beat, Hello, Known, PROTOCOL, Rows, Welcome, Written};
use super::roll::Roll;
use crate::acl::Acl;
use crate::checks::{self, Outcome};
use crate::coordinates::Places;

/// For how long an agent waits for news of its node at a time.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// For how long the leader may hear nothing from this server before its agents should look for another one.
const IN_TOUCH: Duration = Duration::from_secs(3);

/// A server's side of the conversation. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Arc<Store>,
    pub(crate) raft: Arc<Raft>,
    pub(crate) acl: Acl,
    pub(crate) roll: Roll,
}

/// Why an agent does not get what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl Desk {
    /// Takes an agent in, as far as this server can tell.
    pub(super) fn hello(&self, hello: &Hello) -> Result<Welcome, Refusal> {
        judge(hello, &StateView::new(&self.store.current()))?;
        self.roll.note(hello.node.name.clone(), Duration::ZERO);
        Ok(self.welcome())
    }

    pub(super) fn beat(&self, beat: &Beat) -> Welcome {
        self.roll.note(beat.node.clone(), Duration::ZERO);
        self.welcome()
    }

    fn welcome(&self) -> Welcome {
        let members = self.raft.cluster_state().members.into_iter();
        let addresses = members.map(|member| member.server.address).filter(|address| !address.is_empty());
        Welcome { servers: addresses.collect::<BTreeSet<_>>(), in_touch: self.roll.is_in_touch(IN_TOUCH) }
    }

    /// What the catalog says of an agent's node. Checks hold what may be secret, so it takes who may write the node.
    pub(super) async fn node(&self, ask: &Ask, token: &Secret) -> Result<Rows, Refusal> {
        if ask.index == 0 {
            self.raft.read_index().await.map_err(|error| unavailable(error.to_string()))?;
        }
        self.newer(&ask.node, ask.index, |state| {
            self.require(token, state, &node_write(&ask.node))?;
            let rows = rows(state, &ask.node);
            Ok((rows.index, rows))
        })
        .await
    }

    /// The health of what an agent's alias check shows, as far as the check's token lets see.
    pub(super) async fn aliased(&self, ask: &AskAliased, token: &Secret) -> Result<Aliased, Refusal> {
        self.newer(&ask.node, ask.index, |state| {
            let view = StateView::new(state);
            self.require(token, state, &node_read(&ask.node))?;
            if let Some(service) = view.service(&ask.node, &ask.service) {
                let name = service.value.name.as_str().to_owned();
                self.require(token, state, &Need::Of(Labelled::Service, name, Wanted::Read))?;
            }
            let Outcome { status, output } = checks::aliased(&view, &ask.node, &ask.service);
            let index = view.reads().index;
            Ok((index, Aliased { index, status, output }))
        })
        .await
    }

    /// What is read of a node once its index is beyond the one that the asker has, or after a while.
    async fn newer<T>(
        &self,
        node: &NodeName,
        index: u64,
        read: impl Fn(&State) -> Result<(u64, T), Refusal>,
    ) -> Result<T, Refusal> {
        let deadline = Instant::now() + WAIT_MAX;
        let mut changes = self.store.subscribe(BTreeSet::from([Topic::Node(node.clone())]));
        loop {
            let (found, value) = read(&self.store.current())?;
            if found > index {
                return Ok(value);
            }
            let ended = tokio::select! {
                waited = timeout_at(deadline, changes.changed()) => waited.is_err(),
                () = self.store.waits_ended() => true,
            };
            if ended {
                return Ok(value);
            }
        }
    }

    /// Where the servers are on the map, and where the agent is.
    pub(super) fn places(&self, beat: &Beat, token: &Secret) -> Result<Places, Refusal> {
        let state = self.store.current();
        self.require(token, &state, &node_read(&beat.node))?;
        Ok(Places::of(&StateView::new(&state), &beat.node))
    }

    /// Writes what an agent says of its node.
    pub(super) async fn apply(&self, apply: Apply, token: &Secret) -> Result<Written, Refusal> {
        self.raft.read_index().await.map_err(|error| unavailable(error.to_string()))?;
        let state = self.store.current();
        let outcomes =
            join_all(apply.commands.into_iter().map(|command| self.write(&apply.node, command, token, &state)));
        let outcomes = outcomes.await;
        let state = self.store.current();
        let may_see = self.require(token, &state, &node_write(&apply.node)).is_ok();
        Ok(Written { outcomes, rows: may_see.then(|| rows(&state, &apply.node)) })
    }

    async fn write(&self, node: &NodeName, command: Command, token: &Secret, state: &State) -> Option<String> {
        let needs = match needs(node, &command, &StateView::new(state)) {
            Ok(needs) => needs,
            Err(why) => return Some(why),
        };
        for need in needs {
            if let Err(Refusal(_, why)) = self.require(token, state, &need) {
                return Some(why);
            }
        }
        match self.store.propose(command).await {
            // A check that has gone meanwhile is a difference that the agent sees next.
            Ok(_) | Err(ProposeError::Refused(ApplyError::NotFound(_))) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// An agent leaves: its node goes, with all that is on it.
    pub(super) async fn leave(&self, beat: &Beat, token: &Secret) -> Result<(), Refusal> {
        self.require(token, &self.store.current(), &node_write(&beat.node))?;
        let command = Command::Deregister { node: beat.node.clone(), target: Target::Node };
        self.store.propose(command).await.map_err(|error| unavailable(error.to_string()))?;
        self.roll.strike(&beat.node);
        tracing::info!(node = %beat.node, "a client agent has left");
        Ok(())
    }

    /// Who bears a token, if anybody does.
    pub(super) fn who(&self, token: &Secret) -> Option<Known> {
        let grant = self.acl.grant(token, &self.store.current())?;
        Some(Known { accessor: grant.accessor, rules: grant.rules })
    }

    fn require(&self, token: &Secret, state: &State, need: &Need) -> Result<(), Refusal> {
        if !self.acl.enabled() {
            return Ok(());
        }
        let denied = |why: String| Refusal(StatusCode::FORBIDDEN, why);
        let bearer: Bearer =
            self.acl.bearer(token, state).map_err(|UnknownToken| denied("ACL not found".to_owned()))?;
        if bearer.authorizer.allows(need) { Ok(()) } else { Err(denied(bearer.lacks(need))) }
    }
}

/// Whether an agent may take its place.
fn judge(hello: &Hello, view: &StateView<'_>) -> Result<(), Refusal> {
    if hello.protocol != PROTOCOL {
        return Err(Refusal(
            StatusCode::BAD_REQUEST,
            format!(
                "this agent speaks version {} of the client agents' protocol, the server version {PROTOCOL}: upgrade one",
                hello.protocol
            ),
        ));
    }
    let node = &hello.node;
    let is_alive = |name: &NodeName| {
        view.check(name, &SERF_HEALTH.into()).is_some_and(|check| check.value.status == CheckStatus::Passing)
    };
    let taken = |what: String| Err(Refusal(StatusCode::CONFLICT, what));
    let same_name = view.node(&node.name).filter(|known| !known.value.id.is_empty() && known.value.id != node.id);
    if let Some(known) = same_name.filter(|known| is_alive(&known.value.name)) {
        return taken(format!(
            "node name {:?} is in use by the live node at {} with id {}: give this agent another --node",
            node.name.as_str(),
            known.value.address,
            known.value.id
        ));
    }
    let same_id = view.nodes().into_iter().find(|known| known.value.id == node.id && known.value.name != node.name);
    match same_id.filter(|known| is_alive(&known.value.name)) {
        Some(known) => taken(format!(
            "node ID {:?} is in use by the live node {:?}: a data directory must not be copied, give this agent an \
             empty --data-dir",
            node.id,
            known.value.name.as_str()
        )),
        None => Ok(()),
    }
}

/// What a write of an agent needs.
///
/// # Errors
/// It is no write of an agent about its own node.
fn needs(own: &NodeName, command: &Command, view: &StateView<'_>) -> Result<Vec<Need>, String> {
    let of = |service: &ServiceId| match view.own_service(own, service).filter(|_| !service.is_empty()) {
        Some(service) => service_write(service.value.name.as_str()),
        None => node_write(own),
    };
    let (node, needs) = if let Command::Register(registration) = command {
        let mut needs = Vec::new();
        // What is not there yet would be made with it.
        if !registration.skip_node_update || view.node(own).is_none() {
            needs.push(node_write(own));
        }
        for new in &registration.services {
            needs.push(service_write(new.service.name.as_str()));
            needs.extend(view.own_service(own, &new.service.id).map(|_| of(&new.service.id)));
        }
        let is_new = |id: &ServiceId| registration.services.iter().any(|new| new.service.id == *id);
        needs.extend(registration.checks.iter().map(|check| &check.service_id).filter(|id| !is_new(id)).map(of));
        (&registration.node.name, needs)
    } else if let Command::Deregister { node, target: Target::Service(id) } = command {
        (node, vec![of(id)])
    } else if let Command::Deregister { node, target: Target::Check(id) }
    | Command::UpdateCheck { node, check: id, .. } = command
    {
        (node, view.check(own, id).map(|check| vec![of(&check.value.service_id)]).unwrap_or_default())
    } else if let Command::CoordinatesUpdate(places) = command
        && let [place] = places.as_slice()
    {
        if !place.coord.is_valid() {
            return Err("incompatible coordinate".to_owned());
        }
        (&place.node, vec![node_write(own)])
    } else {
        return Err("this is no write of a client agent".to_owned());
    };
    if node == own { Ok(needs) } else { Err(format!("node {node} is not the one of this agent")) }
}

fn node_read(node: &NodeName) -> Need {
    Need::Of(Labelled::Node, node.as_str().to_owned(), Wanted::Read)
}

fn node_write(node: &NodeName) -> Need {
    Need::Of(Labelled::Node, node.as_str().to_owned(), Wanted::Write)
}

fn service_write(service: &str) -> Need {
    Need::Of(Labelled::Service, service.to_owned(), Wanted::Write)
}

fn rows(state: &State, node: &NodeName) -> Rows {
    let view = StateView::new(state);
    let known = view.node(node);
    let services = view.node_services(node);
    let checks = view.node_checks(node);
    let index = view.reads().index;
    Rows {
        index,
        node: known.map(|node| (*node.value).clone()),
        services: services.into_iter().map(|service| (*service.value).clone()).collect(),
        checks: checks.into_iter().map(|check| (*check.value).clone()).collect(),
    }
}

fn unavailable(why: String) -> Refusal {
    Refusal(StatusCode::SERVICE_UNAVAILABLE, why)
}

#[cfg(test)]
mod tests {
    use weft_model::coordinate::{Coordinate, NodeCoordinate};

    use super::*;

    #[test]
    fn an_agent_tells_its_own_place_and_one_that_can_be_on_the_map() {
        let state = State::default();
        let told = |node: &str, coord: Coordinate| {
            let place = NodeCoordinate { node: node.into(), segment: String::new(), coord };
            needs(&"own".into(), &Command::CoordinatesUpdate(vec![place]), &StateView::new(&state))
        };
        assert_eq!(told("own", Coordinate::default()), Ok(vec![node_write(&"own".into())]));
        assert_eq!(told("other", Coordinate::default()), Err("node other is not the one of this agent".to_owned()));
        for vec in [vec![], vec![0.0; 9], vec![f64::NAN; 8]] {
            let coord = Coordinate { vec, ..Coordinate::default() };
            assert_eq!(told("own", coord), Err("incompatible coordinate".to_owned()));
        }
    }
}
