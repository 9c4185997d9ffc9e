//! `apply`: one function a command, over a transaction that is kept only when it succeeds.

mod ca;
mod catalog;
mod check;
mod config_entry;
mod intention;

use std::collections::BTreeSet;

use weft_model::{ApplyError, Command, Envelope, Reply, Timestamp, Topic};

use crate::state::State;
use crate::waiters::Changes;

/// What applying one entry gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The state after the entry. A refused command changes only the index.
    pub state: State,
    pub reply: Result<Reply, ApplyError>,
    pub changed: Changes,
}

/// Applies the entry at log index `index`. A function of its arguments alone.
#[must_use]
pub fn apply(state: &State, index: u64, envelope: &Envelope) -> Outcome {
    if let Some(answer) = state.requests.answer(envelope.id) {
        let state_after = State { index, ..state.clone() };
        return Outcome { state: state_after, reply: answer.clone(), changed: Changes::default() };
    }
    let mut txn = Txn { state: state.clone(), index, at: envelope.at, touched: BTreeSet::new() };
    let reply = txn.run(&envelope.command);
    let (mut after, changed) = match &reply {
        Ok(_) => (txn.state, Changes(txn.touched)),
        Err(_) => (state.clone(), Changes::default()),
    };
    after.index = index;
    for topic in &changed.0 {
        after.touched.insert(topic.clone(), index);
    }
    after.requests.remember(envelope.id, reply.clone());
    Outcome { state: after, reply, changed }
}

/// A state being changed.
struct Txn {
    state: State,
    index: u64,
    at: Timestamp,
    touched: BTreeSet<Topic>,
}

impl Txn {
    fn run(&mut self, command: &Command) -> Result<Reply, ApplyError> {
        match command {
            Command::Register(registration) => self.register(registration),
            Command::Deregister { node, target } => Ok(self.deregister(node, target)),
            Command::UpdateCheck { node, check, status, output } => self.update_check(node, check, *status, output),
            Command::ConfigUpsert { entry, cas } => Ok(self.config_upsert(entry, *cas)),
            Command::ConfigDelete { kind, name, cas } => Ok(self.config_delete(*kind, name, *cas)),
            Command::IntentionUpsert(write) => self.intention_upsert(write),
            Command::IntentionDelete(key) => self.intention_delete(key),
            Command::CaUpdate { expected_modify_index, ca } => self.ca_update(*expected_modify_index, ca),
            Command::CaIssue { .. } => self.ca_issue(),
        }
    }

    fn touch(&mut self, topic: Topic) {
        self.touched.insert(topic);
    }
}
