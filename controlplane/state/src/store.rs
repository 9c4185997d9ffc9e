//! The handle that everybody holds: the current state to read, commands to propose, changes to wait for.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use weft_model::{ApplyError, Command, Reply, Topic};

use crate::state::State;
use crate::waiters::{Changes, Subscription, Waiters};

/// How many proposals may wait for the log; more wait in their callers.
const QUEUE: usize = 4096;

/// The current state, and the way to change it.
pub struct Store {
    published: ArcSwap<State>,
    waiters: Arc<Waiters>,
    proposals: mpsc::Sender<Proposal>,
    ending: watch::Sender<bool>,
}

/// A command on its way to the log, and where its answer goes.
pub struct Proposal {
    pub command: Command,
    pub reply: oneshot::Sender<Result<Applied, ProposeError>>,
}

/// A command that was committed and applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its log index.
    pub index: u64,
    /// What apply said.
    pub reply: Result<Reply, ApplyError>,
}

/// Why a command may not have been applied.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProposeError {
    /// Nobody can order it now. It was not applied.
    #[error("No cluster leader")]
    NoLeader,
    /// It may or may not have been applied.
    #[error("{0}")]
    Unavailable(String),
    /// It may or may not have been applied.
    #[error("timed out waiting for the log")]
    TimedOut,
    /// It may or may not have been applied.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// It was applied, and apply refused it.
    #[error("{0}")]
    Refused(#[from] ApplyError),
}

impl Store {
    /// A store that shows `state`; the receiver belongs to whoever orders the proposals.
    #[must_use]
    pub fn new(state: State) -> (Arc<Self>, mpsc::Receiver<Proposal>) {
        let (proposals, receiver) = mpsc::channel(QUEUE);
        let store = Self {
            published: ArcSwap::from_pointee(state),
            waiters: Arc::default(),
            proposals,
            ending: watch::Sender::new(false),
        };
        (Arc::new(store), receiver)
    }

    /// The state as of now. It never changes; ask again for a newer one.
    #[must_use]
    pub fn current(&self) -> Arc<State> {
        self.published.load_full()
    }

    /// Proposes a command and waits until it is applied here. The command goes on when the caller's
    /// future is dropped.
    ///
    /// # Errors
    /// [`ProposeError::Refused`] with apply's reason, or why the outcome is unknown.
    pub async fn propose(&self, command: Command) -> Result<(u64, Reply), ProposeError> {
        let (reply, answer) = oneshot::channel();
        let proposal = Proposal { command, reply };
        self.proposals.send(proposal).await.map_err(|_| ProposeError::ShuttingDown)?;
        let applied = answer.await.map_err(|_| ProposeError::ShuttingDown)??;
        Ok((applied.index, applied.reply?))
    }

    /// Shows a newer state and wakes the readers it concerns. Only the state machine calls this, after
    /// the entries are committed.
    pub fn publish(&self, state: Arc<State>, changes: &Changes) {
        self.published.store(state);
        self.waiters.wake(changes);
    }

    /// How many topics are waited for. Readers that have gone leave none behind.
    #[must_use]
    pub fn watched_topics(&self) -> usize {
        self.waiters.watched_topics()
    }

    /// From now on nobody should wait for news: this server is about to end, and other servers have them.
    pub fn end_waits(&self) {
        self.ending.send_replace(true);
    }

    /// Waits until nobody should wait for news any more.
    pub async fn waits_ended(&self) {
        // The sender is here as well, so it is not gone.
        drop(self.ending.subscribe().wait_for(|ending| *ending).await);
    }

    /// Waits for changes of `topics` from now on. What was committed before the call wakes nobody: look
    /// at [`Store::current`] after it.
    #[must_use]
    pub fn subscribe(&self, topics: BTreeSet<Topic>) -> Subscription {
        self.waiters.subscribe(topics)
    }
}
