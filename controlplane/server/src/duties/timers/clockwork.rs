//! All that the leader times: sessions, lock delays, and how long removed keys are remembered. It is
//! told what the state shows and what the time is, and says what is to be proposed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;
use weft_model::catalog::Indexed;
use weft_model::mutant::{self, Mutant};
use weft_model::{Command, Key, Session, SessionId};
use weft_state::{LockDelay, State, StateView};

use super::deadlines::Deadlines;

/// A session ends after this many times its time to live: a client that renews in time is safe also
/// when its renewals are slow. Consul's number.
const TTL_MULTIPLIER: u32 = 2;
/// How long a removed key is remembered.
const GRAVE_KEPT: Duration = Duration::from_secs(15 * 60);
/// How exactly.
const GRAVE_MARK_EVERY: Duration = Duration::from_secs(30);
/// When to propose again what was not applied.
const RETRY: Duration = Duration::from_millis(500);

/// What is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Over {
    Session(SessionId),
    LockDelay(Key),
    Graves,
}

/// The timers of one leader, from when it began to lead.
pub(super) struct Clockwork {
    keeper: Uuid,
    deadlines: Deadlines<Over>,
    /// Modify index and time to live of each session that has one.
    sessions: BTreeMap<SessionId, (u64, Duration)>,
    delays: BTreeMap<Key, LockDelay>,
    /// Which log index there was when.
    marks: VecDeque<(Instant, u64)>,
    seen: State,
}

impl Clockwork {
    /// Starts all timers of `state`, each in full: nobody knows how long they had run elsewhere.
    pub(super) fn start(keeper: Uuid, state: &State, now: Instant) -> Self {
        let mut clockwork = Self {
            keeper,
            deadlines: Deadlines::default(),
            sessions: BTreeMap::new(),
            delays: BTreeMap::new(),
            marks: VecDeque::new(),
            seen: state.clone(),
        };
        for session in StateView::new(state).sessions() {
            clockwork.session(session.value.id, Some(&session), now);
        }
        for (key, delay) in state.lock_delays() {
            clockwork.lock_delay(key, Some(delay), now);
        }
        clockwork.deadlines.set(Over::Graves, now + GRAVE_MARK_EVERY);
        clockwork
    }

    /// Takes over what has changed.
    pub(super) fn see(&mut self, state: &State, now: Instant) {
        let seen = std::mem::replace(&mut self.seen, state.clone());
        for (id, session) in state.session_changes(&seen) {
            self.session(id, session, now);
        }
        for (key, delay) in state.lock_delay_changes(&seen) {
            self.lock_delay(key, delay, now);
        }
    }

    /// Starts a session's timer again. Whether it has one.
    pub(super) fn renew(&mut self, id: SessionId, now: Instant) -> bool {
        let Some((_, ttl)) = self.sessions.get(&id) else { return false };
        self.deadlines.set(Over::Session(id), now + life(*ttl));
        true
    }

    /// The next time to look.
    pub(super) fn next(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// What is over, with what is to be proposed for it; at most `room`, the rest next time.
    pub(super) fn due(&mut self, now: Instant, room: usize) -> Vec<(Over, Command)> {
        let mut due = Vec::new();
        while due.len() < room {
            let Some(over) = self.deadlines.pop_due(now) else { break };
            if over == Over::Graves {
                self.deadlines.set(Over::Graves, now + GRAVE_MARK_EVERY);
            }
            if let Some(command) = self.command(&over, now) {
                due.push((over, command));
            }
        }
        due
    }

    /// It could not be proposed, or nobody knows what became of it.
    pub(super) fn again(&mut self, over: Over, now: Instant) {
        let pending = match &over {
            Over::Session(id) => self.sessions.contains_key(id),
            Over::LockDelay(key) => self.delays.contains_key(key),
            Over::Graves => false,
        };
        if pending {
            self.deadlines.set(over, now + RETRY);
        }
    }

    fn command(&mut self, over: &Over, now: Instant) -> Option<Command> {
        match over {
            Over::Session(id) => {
                let (modify_index, _) = *self.sessions.get(id)?;
                Some(Command::SessionExpire { session: *id, modify_index, keeper: self.keeper })
            }
            Over::LockDelay(key) => {
                let since = self.delays.get(key)?.since;
                Some(Command::LockDelayOver { key: key.clone(), since })
            }
            Over::Graves => {
                self.marks.push_back((now, self.seen.index()));
                let mut upto = None;
                while let Some((_, index)) = self.marks.front().filter(|(at, _)| now - *at >= GRAVE_KEPT) {
                    upto = Some(*index);
                    self.marks.pop_front();
                }
                upto.filter(|upto| self.seen.has_tombstones(*upto)).map(|upto| Command::KvReap { upto })
            }
        }
    }

    fn session(&mut self, id: SessionId, session: Option<&Indexed<Session>>, now: Instant) {
        match session.and_then(|session| Some((session.modify_index, session.value.ttl?.0))) {
            Some(timed) => {
                self.sessions.insert(id, timed);
                self.deadlines.set(Over::Session(id), now + life(timed.1));
            }
            None => {
                self.sessions.remove(&id);
                self.deadlines.remove(&Over::Session(id));
            }
        }
    }

    fn lock_delay(&mut self, key: &Key, delay: Option<&LockDelay>, now: Instant) {
        let over = Over::LockDelay(key.clone());
        match delay {
            Some(delay) => {
                self.delays.insert(key.clone(), *delay);
                self.deadlines.set(over, now + delay.duration());
            }
            None => {
                self.delays.remove(key);
                self.deadlines.remove(&over);
            }
        }
    }
}

/// How long a session lives without renewal.
fn life(ttl: Duration) -> Duration {
    if mutant::active(Mutant::M14) {
        return ttl / 4;
    }
    ttl * TTL_MULTIPLIER
}
