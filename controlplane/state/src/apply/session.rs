//! Sessions: made, ended, and what their end does to the keys they hold. All of it in one entry, so
//! that nobody ever sees a lock of a session that is gone.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::catalog::Indexed;
use weft_model::health::CheckStatus;
use weft_model::session::Behavior;
use weft_model::{ApplyError, CheckId, GoDuration, Key, NodeName, Reply, Session, SessionId, Topic, failpoint};

use super::Txn;
use crate::lock_delay::LockDelay;

impl Txn {
    pub(super) fn session_create(&mut self, session: &Session) -> Result<Reply, ApplyError> {
        let refused = |text: String| Err(ApplyError::Refused(text));
        if self.state.sessions.contains_key(&session.id) {
            return refused(format!("session {} exists", session.id));
        }
        let Some((node, _)) = self.state.nodes.get_key_value(&session.node) else {
            return refused("Missing node registration".into());
        };
        for id in session.checks() {
            match self.state.checks.get(&(node.clone(), id.clone())).map(|check| check.value.status) {
                None => return refused(format!("Missing check '{id}' registration")),
                Some(CheckStatus::Critical) => return refused(format!("Check '{id}' is in critical state")),
                Some(CheckStatus::Passing | CheckStatus::Warning) => {}
            }
        }
        self.state.derived.add_session(session);
        let stored = Indexed { value: Arc::new(session.clone()), create_index: self.index, modify_index: self.index };
        self.state.sessions.insert(session.id, stored);
        self.touch_session(session);
        Ok(Reply::Done)
    }

    pub(super) fn session_expire(&mut self, id: SessionId, modify_index: u64, keeper: Uuid) -> Reply {
        let session = self.state.sessions.get(&id);
        if keeper == self.state.keeper && session.is_some_and(|session| session.modify_index == modify_index) {
            failpoint::hit("session.expire.apply");
            self.end_session(id);
        }
        Reply::Done
    }

    /// Ends a session: its keys are released or deleted, and nobody locks them for a while.
    pub(super) fn end_session(&mut self, id: SessionId) {
        let Some(former) = self.state.sessions.remove(&id) else { return };
        let session = former.value;
        self.state.derived.remove_session(&session);
        self.touch_session(&session);
        self.end_queries_of(id);
        let keys: Vec<Key> = {
            let held = self.state.derived.held.range((id, Key::from(""))..);
            held.take_while(|(holder, _)| *holder == id).map(|(_, key)| key.clone()).collect()
        };
        let delay = GoDuration(session.lock_delay.0.min(Session::LOCK_DELAY_MAX));
        for key in keys {
            match session.behavior {
                Behavior::Release => self.release_key(&key),
                Behavior::Delete => self.remove_key(&key),
            }
            if !delay.is_zero() {
                self.state.delays.insert(key, LockDelay { since: self.index, delay });
                self.touch(Topic::LockDelays);
            }
        }
    }

    pub(super) fn end_sessions_on(&mut self, node: &NodeName) {
        let ids: Vec<SessionId> = self.state.sessions_on(node).map(|session| session.value.id).collect();
        for id in ids {
            self.end_session(id);
        }
    }

    /// The check turned critical, or is gone.
    pub(super) fn end_sessions_with(&mut self, node: &NodeName, check: &CheckId) {
        if self.state.sessions.is_empty() {
            return;
        }
        let ids: Vec<SessionId> = {
            let by_check = &self.state.derived.sessions_by_check;
            let from = (node.clone(), check.clone(), SessionId(Uuid::nil()));
            let found = by_check.range(from..).take_while(|(on, of, _)| on == node && of == check);
            found.map(|(_, _, id)| *id).collect()
        };
        for id in ids {
            self.end_session(id);
        }
    }

    pub(super) fn lock_delay_over(&mut self, key: &Key, since: u64) -> Reply {
        if self.state.delays.get(key).is_some_and(|delay| delay.since == since) {
            self.state.delays.remove(key);
            self.touch(Topic::LockDelays);
        }
        Reply::Done
    }

    pub(super) fn timekeeper(&mut self, keeper: Uuid) -> Reply {
        self.state.keeper = keeper;
        self.touch(Topic::Timekeeper);
        Reply::Done
    }

    fn touch_session(&mut self, session: &Session) {
        self.touch(Topic::Session(session.id));
        self.touch(Topic::NodeSessions(session.node.clone()));
        self.touch(Topic::Sessions);
    }
}
