//! Writes of keys: plain, compare-and-set, locks. The rules are those of Consul 1.8.

use std::sync::Arc;

use weft_model::catalog::Indexed;
use weft_model::kv::KvVerb;
use weft_model::mutant::{self, Mutant};
use weft_model::{ApplyError, Key, KvEntry, KvOp, Reply, SessionId, Topic, failpoint};

use super::Txn;

impl Txn {
    pub(super) fn kv(&mut self, op: &KvOp) -> Result<Reply, ApplyError> {
        if op.key.is_empty() && op.verb != KvVerb::DeleteTree {
            return Err(ApplyError::Refused("Must provide key".into()));
        }
        if !op.verb.is_write() {
            return Err(ApplyError::Refused(format!("Invalid KVS operation '{}'", op.verb)));
        }
        if matches!(op.verb, KvVerb::Lock { .. }) && self.is_lock_delayed(&op.key) {
            return Ok(Reply::Swapped(false));
        }
        self.kv_write(op).map(Reply::Swapped)
    }

    /// Performs a writing verb; whether its condition held. Lock delays are not looked at.
    pub(super) fn kv_write(&mut self, op: &KvOp) -> Result<bool, ApplyError> {
        let former = self.state.kv.entries.get(&op.key).cloned();
        let holder = former.as_ref().and_then(|former| former.value.session);
        let lock_index = former.as_ref().map_or(0, |former| former.value.lock_index);
        let modify_index = former.as_ref().map_or(0, |former| former.modify_index);
        // A plain write keeps the holder and not the lock index.
        let plain = KvEntry { value: op.value.clone(), flags: op.flags, lock_index: 0, session: holder };
        match op.verb {
            KvVerb::Set => self.put_key(&op.key, plain),
            KvVerb::Cas { index } => {
                if index != modify_index {
                    return Ok(false);
                }
                self.put_key(&op.key, plain);
            }
            KvVerb::Lock { session } => {
                if !self.state.sessions.contains_key(&session) {
                    return Err(ApplyError::Refused(format!("invalid session \"{session}\"")));
                }
                let lock_index = match holder {
                    Some(holder) if holder == session => lock_index,
                    Some(_) => return Ok(false),
                    None => lock_index + 1,
                };
                failpoint::hit("lock.grant");
                self.put_key(&op.key, KvEntry { lock_index, session: Some(session), ..plain });
            }
            KvVerb::Unlock { session } => {
                if holder != Some(session) {
                    return Ok(false);
                }
                self.put_key(&op.key, KvEntry { lock_index, session: None, ..plain });
            }
            KvVerb::Delete => self.remove_key(&op.key),
            KvVerb::DeleteCas { index } => {
                if former.is_some() && index != modify_index {
                    return Ok(false);
                }
                self.remove_key(&op.key);
            }
            KvVerb::DeleteTree => {
                let keys: Vec<Key> = self.state.kv.under(&op.key).map(|(key, _)| Arc::clone(key)).collect();
                for key in keys {
                    self.remove_key(&key);
                }
            }
            KvVerb::Get
            | KvVerb::GetTree
            | KvVerb::GetOrEmpty
            | KvVerb::CheckIndex { .. }
            | KvVerb::CheckSession { .. }
            | KvVerb::CheckNotExists => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn is_lock_delayed(&self, key: &Key) -> bool {
        self.state.delays.contains_key(key)
    }

    /// What is there already changes nothing and wakes nobody.
    pub(super) fn put_key(&mut self, key: &Key, mut entry: KvEntry) {
        if mutant::active(Mutant::M9) {
            entry.flags = clock();
        }
        let table = &mut self.state.kv;
        let former = table.entries.get(key);
        if former.is_some_and(|former| *former.value == entry) {
            return;
        }
        let create_index = former.map_or(self.index, |former| former.create_index);
        let holder = former.and_then(|former| former.value.session);
        if holder != entry.session {
            self.state.derived.let_go(key, holder);
            self.state.derived.hold(key, entry.session);
        }
        if table.graves.contains_key(key) {
            table.graves.remove(key);
        }
        table.index = self.index;
        let stored = Indexed { value: Arc::new(entry), create_index, modify_index: self.index };
        table.entries.insert(Arc::clone(key), stored);
        self.touch(Topic::Kv(Arc::clone(key)));
    }

    pub(super) fn remove_key(&mut self, key: &Key) {
        let table = &mut self.state.kv;
        let Some(former) = table.entries.remove(key) else { return };
        table.graves.insert(Arc::clone(key), self.index);
        table.index = self.index;
        self.state.derived.let_go(key, former.value.session);
        self.touch(Topic::Kv(Arc::clone(key)));
    }

    /// The session that held the key has ended.
    pub(super) fn release_key(&mut self, key: &Key) {
        let Some(former) = self.state.kv.entries.get(key).cloned() else { return };
        self.put_key(key, KvEntry { session: None::<SessionId>, ..(*former.value).clone() });
    }

    /// Forgets the tombstones up to an index; the floor stands for them from now on.
    pub(super) fn kv_reap(&mut self, upto: u64) -> Reply {
        let table = &mut self.state.kv;
        let old: Vec<(Key, u64)> = table
            .graves
            .iter()
            .filter(|(_, index)| **index <= upto)
            .map(|(key, index)| (key.clone(), *index))
            .collect();
        for (key, index) in old {
            table.graves.remove(&key);
            table.floor = table.floor.max(index);
        }
        Reply::Done
    }
}

/// Only for the mistake that looks at it.
#[allow(clippy::disallowed_methods)]
fn clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::from(since.subsec_nanos()))
}
