//! A whole state in the place of what is there. The log goes on, and so do all indexes: what is
//! restored is as new as this entry, and so is what has gone.

use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use uuid::Uuid;
use weft_model::catalog::Indexed;
use weft_model::mutant::{self, Mutant};
use weft_model::{ApplyError, Reply, Topic};

use super::Txn;
use crate::lock_delay::LockDelay;
use crate::staged::Staged;
use crate::state::State;

impl Txn {
    pub(super) fn restore_chunk(&mut self, id: Uuid, seq: u32, bytes: &Bytes) -> Result<Reply, ApplyError> {
        let staged = Staged::with(self.state.staged.take(), id, seq, bytes).map_err(ApplyError::Refused)?;
        self.state.staged = Some(staged);
        Ok(Reply::Done)
    }

    pub(super) fn restore_commit(&mut self, id: Uuid, chunks: u32, sha256: &[u8; 32]) -> Result<Reply, ApplyError> {
        let staged = self.state.staged.take();
        let missing = || ApplyError::Refused("no restore has begun: start again".into());
        let bytes = staged.ok_or_else(missing)?.complete(id, chunks, sha256).map_err(ApplyError::Refused)?;
        let restored = State::decode(&bytes).map_err(|error| ApplyError::Refused(error.to_string()))?;
        self.replace_with(restored);
        Ok(Reply::Done)
    }

    fn replace_with(&mut self, mut restored: State) {
        let (index, former) = (self.index, &self.state);
        if !mutant::active(Mutant::M18) {
            restored.move_to(index, former);
        }
        // What is the cluster's and not the data's stays: who keeps the time, which certificates, requests
        // and servers there have been.
        restored.keeper = former.keeper;
        restored.serial = restored.serial.max(former.serial);
        restored.requests.add(&former.requests);
        restored.retired = former.retired.clone();
        restored.staged = None;
        // What was fired since is no less fired, and its order goes on.
        restored.events = former.events.clone();
        self.state = restored;
        self.touch(Topic::Everything);
    }
}

impl State {
    /// Makes everything as new as `index`, also what `former` knew and this state does not.
    fn move_to(&mut self, index: u64, former: &Self) {
        moved(&mut self.nodes, index);
        moved(&mut self.services, index);
        moved(&mut self.checks, index);
        moved(&mut self.config, index);
        moved(&mut self.sessions, index);
        moved(&mut self.kv.entries, index);
        moved(&mut self.acl.tokens, index);
        moved(&mut self.acl.policies, index);
        moved(&mut self.acl.roles, index);
        moved(&mut self.acl.methods, index);
        moved(&mut self.acl.rules, index);
        self.acl.changed_at = index;
        moved(&mut self.queries, index);
        self.ca = self.ca.as_ref().map(|ca| at(ca, index));
        self.autopilot = self.autopilot.as_ref().map(|config| at(config, index));
        let keys = self.delays.iter();
        self.delays = keys.map(|(key, delay)| (key.clone(), LockDelay { since: index, ..*delay })).collect();
        // One floor for all tombstones, of both states.
        self.kv.graves = OrdMap::new();
        (self.kv.index, self.kv.floor) = (index, index);
        let gone = former.services.keys().map(|(node, id)| Topic::Instance(node.clone(), id.clone()));
        let topics = self.touched.keys().chain(former.touched.keys()).cloned().chain(gone);
        self.touched = topics.filter(|topic| self.has_row(topic)).map(|topic| (topic, index)).collect();
    }
}

fn moved<K: Clone + Ord, T: Clone>(table: &mut OrdMap<K, Indexed<T>>, index: u64) {
    *table = table.iter().map(|(key, stored)| (key.clone(), at(stored, index))).collect();
}

fn at<T>(stored: &Indexed<T>, index: u64) -> Indexed<T> {
    Indexed { value: Arc::clone(&stored.value), create_index: stored.create_index.min(index), modify_index: index }
}
