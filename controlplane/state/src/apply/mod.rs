//! `apply`: one function a command, over a transaction that is kept only when it succeeds.

mod acl;
mod autopilot;
mod ca;
mod catalog;
mod chains;
mod check;
mod config_entry;
mod coordinate;
mod event;
mod intention;
mod kv;
mod prepared_query;
mod restore;
mod retire;
mod session;
mod transaction;
mod virtual_ips;

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
    if let Some(reply) = state.requests.answer(envelope.id).or_else(|| state.requests.answer_again(&envelope.command)) {
        return Outcome { state: State { index, ..state.clone() }, reply, changed: Changes::default() };
    }
    let mut txn = Txn { state: state.clone(), index, at: envelope.at, touched: BTreeSet::new() };
    let reply = txn.run(&envelope.command);
    let (mut after, changed) = match &reply {
        Ok(_) => (txn.state, Changes(txn.touched)),
        Err(_) => (state.clone(), Changes::default()),
    };
    after.index = index;
    if reply.is_err() && matches!(envelope.command, Command::RestoreCommit { .. }) {
        // Of no use any more, and big.
        after.staged = None;
    }
    for topic in &changed.0 {
        if after.has_row(topic) {
            after.touched.insert(topic.clone(), index);
        } else if matches!(topic, Topic::Instance(..)) && after.touched.contains_key(topic) {
            after.touched.remove(topic);
        }
    }
    after.requests.remember(envelope, index, reply.clone());
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
            Command::ConfigUpsert { entry, cas } => self.config_upsert(entry, *cas),
            Command::ConfigDelete { kind, name, cas } => self.config_delete(*kind, name, *cas),
            Command::IntentionUpsert(write) => self.intention_upsert(write),
            Command::IntentionDelete(key) => self.intention_delete(key),
            Command::CaUpdate { expected_modify_index, ca } => self.ca_update(*expected_modify_index, ca),
            Command::CaIssue { .. } => self.ca_issue(),
            Command::Kv(op) => self.kv(op),
            Command::SessionCreate(session) => self.session_create(session),
            Command::SessionDestroy(id) => {
                self.end_session(*id);
                Ok(Reply::Done)
            }
            Command::SessionExpire { session, modify_index, keeper } => {
                Ok(self.session_expire(*session, *modify_index, *keeper))
            }
            Command::LockDelayOver { key, since } => Ok(self.lock_delay_over(key, *since)),
            Command::Timekeeper(keeper) => Ok(self.timekeeper(*keeper)),
            Command::Txn(ops) => Ok(self.transaction(ops)),
            Command::KvReap { upto } => Ok(self.kv_reap(*upto)),
            Command::AutopilotSet { config, cas } => Ok(self.autopilot_set(config, *cas)),
            Command::Acl(op) => self.acl(op),
            Command::Retire(servers) => Ok(self.retire(servers)),
            Command::Once { command, .. } => self.run(command),
            Command::QueryCreate(query) => self.query_create(query),
            Command::QueryUpdate(query) => self.query_update(query),
            Command::QueryDelete(id) => self.query_delete(*id),
            Command::CoordinatesUpdate(places) => Ok(self.coordinates_update(places)),
            Command::VirtualIpsAssign { service, addresses } => Ok(self.virtual_ips_assign(service, addresses)),
            Command::EventFire(event) => Ok(self.event_fire(event)),
            Command::RestoreChunk { id, seq, bytes } => self.restore_chunk(*id, *seq, bytes),
            Command::RestoreCommit { id, chunks, sha256 } => self.restore_commit(*id, *chunks, sha256),
            // What they ask for is done beside the state.
            Command::Mark | Command::Verify { .. } => Ok(Reply::Done),
        }
    }

    fn touch(&mut self, topic: Topic) {
        self.touched.insert(topic);
    }
}
