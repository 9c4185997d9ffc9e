//! The leader looks after the servers: who is alive, who gets a vote, who is taken out.
//!
//! ```text
//! Raft's members ─> Watch (health over time) ─┬─> plan ─> promote, remove
//!                                            ├─> liveness, left_over ─> serfHealth in the catalog
//!                                            └─> health, for those who ask
//! ```

mod left_over;
mod liveness;
mod plan;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};
use weft_api::host::AutopilotHealth;
use weft_model::Command;
use weft_model::autopilot::AutopilotConfig;
use weft_model::command::Target;
use weft_raft::Raft;
use weft_state::{State, StateView, Store};

use crate::clock::now;
use plan::Step;
use watch::{Sight, Watch};

/// How often the leader looks.
const EVERY: Duration = Duration::from_millis(500);

/// Runs for ever; does something only while this server leads.
pub(crate) struct Autopilot {
    pub(crate) store: Arc<Store>,
    pub(crate) raft: Arc<Raft>,
    /// What holds until somebody sets it.
    pub(crate) settings: AutopilotConfig,
    /// How many servers the cluster is meant to have; 0: not said.
    pub(crate) expect: u32,
    pub(crate) health: Health,
}

/// What the leader has seen last. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health(Arc<Mutex<Option<AutopilotHealth>>>);

impl Health {
    /// `None` on servers that do not lead.
    pub(crate) fn get(&self) -> Option<AutopilotHealth> {
        self.0.lock().clone()
    }
}

impl Autopilot {
    pub(crate) async fn run(self) {
        let started = Instant::now();
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = None;
        loop {
            ticks.tick().await;
            if !self.raft.leads() {
                watch = None;
                *self.health.0.lock() = None;
                continue;
            }
            let state = self.store.current();
            let sight = self.sight(started.elapsed(), &state);
            let watch = watch.get_or_insert_with(|| Watch::new(sight.now));
            let settings = self.settings(&state).await;
            watch.receive(&sight, &settings);
            *self.health.0.lock() = Some(watch.health(&sight, |id| version(&state, id)));
            let view = StateView::new(&state);
            let failed = left_over::commands(&view, watch, &settings, sight.now);
            for command in liveness::commands(&view, watch, &sight).into_iter().chain(failed) {
                self.propose(command).await;
            }
            if let Some(step) = plan::next(watch, &sight, &settings, self.expect) {
                self.perform(step, &sight).await;
            }
        }
    }

    /// What the cluster has been told, else what this server's configuration says, which everybody is
    /// shown from then on.
    async fn settings(&self, state: &State) -> AutopilotConfig {
        let set = StateView::new(state).autopilot();
        if set.modify_index > 0 {
            return (*set.value).clone();
        }
        if self.settings != AutopilotConfig::default() {
            self.propose(Command::AutopilotSet { config: self.settings.clone(), cas: Some(0) }).await;
        }
        self.settings.clone()
    }

    fn sight(&self, now_: Duration, state: &State) -> Sight {
        let cluster = self.raft.cluster_state();
        Sight {
            now: now_,
            wall: now(),
            term: cluster.status.term,
            last_log: cluster.last_log_index,
            changing: cluster.changing,
            left_over: left_over::nodes(&StateView::new(state), &cluster.members),
            members: cluster.members,
        }
    }

    async fn perform(&self, step: Step, sight: &Sight) {
        let (done, id) = match step {
            Step::Promote(id) => (self.raft.promote(id).await, id),
            Step::Remove(id) => (self.raft.remove(id).await, id),
        };
        let member = sight.members.iter().find(|member| member.id == id);
        let server = member.map(|member| member.server.clone()).unwrap_or_default();
        match (done, step) {
            (Ok(()), Step::Promote(_)) => tracing::info!(%server, "a server has a vote now"),
            (Ok(()), Step::Remove(_)) => {
                tracing::info!(%server, "a server that is gone has been taken out of the cluster");
                let state = self.store.current();
                let is_shared = sight.members.iter().any(|other| other.id != id && other.server.name == server.name);
                let node = StateView::new(&state).nodes().into_iter().find(|node| node.value.id == server.server_id);
                if let Some(node) = node.filter(|_| !is_shared) {
                    self.propose(Command::Deregister { node: node.value.name.clone(), target: Target::Node }).await;
                }
            }
            (Err(error), _) => tracing::warn!(%server, ?step, %error, "the cluster could not be changed"),
        }
    }

    async fn propose(&self, command: Command) {
        // What could not be written is seen again at the next look.
        if let Err(error) = self.store.propose(command).await {
            tracing::warn!(%error, "what the leader sees of a server could not be written");
        }
    }
}

/// What the server with this node id runs.
fn version(state: &State, id: &str) -> String {
    let view = StateView::new(state);
    let node = view.nodes().into_iter().find(|node| node.value.id == id);
    let service = node.and_then(|node| view.service(&node.value.name, &crate::node::SERVER_SERVICE.into()));
    service.and_then(|service| service.value.meta.get("version").cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
