//! Clients: each asks one thing after the other, of any server, until it is told to stop.

mod additions;
mod issues;
mod locks;
pub(crate) mod pairs;
pub(crate) mod registers;

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::SmallRng;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use weft_model::ca::{CaRoot, CaState};
use weft_model::{ApplyError, Command, Reply};
use weft_state::{ProposeError, State};

use crate::cluster::Cluster;
use crate::history::{History, Outcome, Span};
use crate::plan::dice;

/// What apply said, and the log index where it is known.
type Answered = (u64, Result<Reply, ApplyError>);

/// One client.
pub(crate) struct Client {
    id: u64,
    cluster: Arc<Cluster>,
    history: History,
    dice: SmallRng,
    stop: CancellationToken,
    /// How long it waits for an answer. Those who soon hang up find other faults than those who wait.
    patience: Duration,
}

/// Starts all clients.
pub(crate) fn start(cluster: &Arc<Cluster>, history: &History, stop: &CancellationToken) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for id in 0..cluster.plan.clients {
        let mut dice = dice(cluster.plan.seed, 1000 + id);
        let patience = Duration::from_millis(if dice.random_bool(0.3) { 150 } else { 8_000 });
        let client =
            Client { id, cluster: Arc::clone(cluster), history: history.clone(), dice, stop: stop.clone(), patience };
        clients.spawn(client.run());
    }
    clients
}

/// What the clients need to find.
pub(crate) async fn prepare(cluster: &Cluster) -> Result<(), ProposeError> {
    let Some(server) = cluster.server(1) else { return Ok(()) };
    let root = CaRoot { active: true, ..CaRoot::default() };
    let ca = Box::new(CaState { roots: vec![root], ..CaState::default() });
    server.store.propose(Command::CaUpdate { expected_modify_index: 0, ca }).await?;
    server.store.propose(additions::register("holder".to_owned())).await?;
    Ok(())
}

impl Client {
    async fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.dice.random_range(0..10) {
                0 => self.add().await,
                1 => self.issue().await,
                2 => self.write_pair().await,
                3 => self.read_pair().await,
                4 => self.lock().await,
                _ => self.register().await,
            }
            let pause = self.dice.random_range(5..60);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Asks any server to have a command applied.
    async fn propose(&mut self, command: Command) -> (Span, Outcome<Answered>) {
        let asked = self.history.tick();
        let outcome = self.try_propose(command).await;
        let answered = if outcome == Outcome::Unknown { u64::MAX } else { self.history.tick() };
        self.history.note(|events| match outcome {
            Outcome::Done(_) => events.answered += 1,
            Outcome::Unknown => events.unknown += 1,
            Outcome::Failed => {}
        });
        (Span { asked, answered }, outcome)
    }

    async fn try_propose(&mut self, command: Command) -> Outcome<Answered> {
        let Some(server) = self.cluster.any(&mut self.dice) else {
            sleep(Duration::from_millis(50)).await;
            return Outcome::Failed;
        };
        let proposed = timeout(self.patience, server.store.propose(command));
        match server.gone.run_until_cancelled(proposed).await {
            Some(Ok(Ok((index, reply)))) => Outcome::Done((index, Ok(reply))),
            Some(Ok(Err(ProposeError::Refused(refusal)))) => Outcome::Done((0, Err(refusal))),
            Some(Ok(Err(ProposeError::NoLeader))) => Outcome::Failed,
            Some(Ok(Err(ProposeError::Unavailable(_) | ProposeError::TimedOut | ProposeError::ShuttingDown))) => {
                Outcome::Unknown
            }
            Some(Err(_)) | None => Outcome::Unknown,
        }
    }

    /// The state of any server, as new as the call.
    async fn read(&mut self) -> Option<Arc<State>> {
        let server = self.cluster.any(&mut self.dice)?;
        let read = timeout(self.patience, server.raft.read_index());
        let read = server.gone.run_until_cancelled(read).await?;
        let state = read.ok()?.ok().map(|_| server.store.current());
        self.history.note(|events| events.answered += u64::from(state.is_some()));
        state
    }
}
