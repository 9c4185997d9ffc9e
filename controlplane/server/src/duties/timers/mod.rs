//! The clock of sessions and locks. The state knows what is timed and never what the time is; the
//! leader's monotonic clock proposes what is over, and apply looks again whether it is.
//!
//! ```text
//! State ─see─> Clockwork ─due─> SessionExpire, LockDelayOver, KvReap ─propose─> State
//! renewals ─────^
//! ```
//!
//! A leader first writes its name into the log as the keeper of the time, and starts all timers in full
//! when it reads it there. What a former leader may still propose is void from there on, so a renewal
//! that this one has acknowledged cannot be overtaken by an expiry that never heard of it.

mod clockwork;
mod deadlines;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;
use weft_model::{Command, SessionId, Topic, failpoint};
use weft_state::{ProposeError, StateView, Store, Subscription};

use self::clockwork::{Clockwork, Over};

/// How often it is looked who leads.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a renewal waits for this leader to be ready, or for an expiry under way.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many proposals are under way at once.
const UNDER_WAY_MAX: usize = 256;

/// The term in which this server leads, if it does.
pub(crate) type Leads = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// The timers of this server. They run only while it leads.
pub(crate) struct Timers {
    store: Arc<Store>,
    leads: Leads,
    inner: Mutex<Inner>,
    /// Counts whatever a renewal may wait for.
    turned: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    clockwork: Option<Clockwork>,
    /// Sessions whose end was proposed and is not known yet.
    ending: BTreeSet<SessionId>,
}

/// This server does not keep the time, or cannot say now what became of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotInCharge;

impl Timers {
    pub(crate) fn new(store: Arc<Store>, leads: Leads) -> Arc<Self> {
        Arc::new(Self { store, leads, inner: Mutex::default(), turned: watch::Sender::new(0) })
    }

    /// Lets a session live for its whole time from now on. Whether there is such a session, in the state
    /// that is shown now: whoever asks for a client has confirmed first that this server leads.
    ///
    /// # Errors
    /// Nothing was renewed, as far as is known: another server may keep the time.
    pub(crate) async fn renew(&self, id: SessionId) -> Result<bool, NotInCharge> {
        let give_up = Instant::now() + PATIENCE;
        let mut turned = self.turned.subscribe();
        loop {
            turned.mark_unchanged();
            if (self.leads)().is_none() {
                return Err(NotInCharge);
            }
            if let Some(renewed) = self.try_renew(id) {
                return Ok(renewed);
            }
            timeout_at(give_up, turned.changed()).await.map_err(|_| NotInCharge)?.map_err(|_| NotInCharge)?;
        }
    }

    /// `None`: it is not known yet.
    fn try_renew(&self, id: SessionId) -> Option<bool> {
        let mut inner = self.inner.lock();
        if inner.ending.contains(&id) {
            return None;
        }
        let clockwork = inner.clockwork.as_mut()?;
        // A session may be younger than what the timers have seen.
        let state = self.store.current();
        let now = Instant::now();
        clockwork.see(&state, now);
        let exists = StateView::new(&state).session(id).is_some();
        clockwork.renew(id, now);
        Some(exists)
    }

    /// Runs for ever; does something only while this server leads.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            if let Some(term) = (self.leads)() {
                self.lead(term).await;
                *self.inner.lock() = Inner::default();
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Keeps the time until this server no longer leads in this term, or somebody else keeps it.
    async fn lead(&self, term: u64) {
        let topics = BTreeSet::from([Topic::Sessions, Topic::LockDelays, Topic::Timekeeper]);
        let mut changes = self.store.subscribe(topics);
        let keeper = Uuid::new_v4();
        if let Err(error) = self.store.propose(Command::Timekeeper(keeper)).await {
            tracing::debug!(%error, "cannot keep the time of sessions yet");
            return;
        }
        let start = Clockwork::start(keeper, &self.store.current(), Instant::now());
        self.inner.lock().clockwork = Some(start);
        let mut proposals = JoinSet::new();
        while (self.leads)() == Some(term) && self.keeps(keeper) {
            self.turned.send_modify(|turns| *turns += 1);
            self.propose_due(&mut proposals);
            let next = self.inner.lock().clockwork.as_ref().and_then(Clockwork::next);
            self.wait(next, &mut changes, &mut proposals).await;
        }
    }

    fn keeps(&self, keeper: Uuid) -> bool {
        let mut inner = self.inner.lock();
        // Asked for under the lock, as everywhere, so that no older state is seen after a newer one.
        let state = self.store.current();
        if let Some(clockwork) = inner.clockwork.as_mut() {
            clockwork.see(&state, Instant::now());
        }
        StateView::new(&state).timekeeper() == keeper
    }

    fn propose_due(&self, proposals: &mut JoinSet<Outcome>) {
        let room = UNDER_WAY_MAX.saturating_sub(proposals.len());
        let mut inner = self.inner.lock();
        let due = inner.clockwork.as_mut().map(|clockwork| clockwork.due(Instant::now(), room)).unwrap_or_default();
        for (over, command) in due {
            if let Over::Session(id) = &over {
                inner.ending.insert(*id);
                tracing::info!(session = %id, "its time has passed");
            }
            let store = Arc::clone(&self.store);
            proposals.spawn(async move {
                failpoint::hit("session.expire.propose");
                (over, store.propose(command).await)
            });
        }
    }

    /// Until there is something to do.
    async fn wait(&self, next: Option<Instant>, changes: &mut Subscription, proposals: &mut JoinSet<Outcome>) {
        let look = Instant::now() + LOOK_EVERY;
        let until = if proposals.len() < UNDER_WAY_MAX { next.map_or(look, |next| next.min(look)) } else { look };
        tokio::select! {
            () = sleep_until(until) => {}
            _ = changes.changed() => {}
            Some(Ok((over, outcome))) = proposals.join_next() => self.note(over, outcome),
        }
    }

    fn note(&self, over: Over, outcome: Result<(u64, weft_model::Reply), ProposeError>) {
        let mut inner = self.inner.lock();
        match outcome {
            Ok(_) | Err(ProposeError::Refused(_)) => {
                if let Over::Session(id) = &over {
                    inner.ending.remove(id);
                }
            }
            // It may be applied yet, so nobody can be told that the session lives on: until it is known.
            Err(error) => {
                tracing::debug!(%error, "not known whether it was applied: proposing it again");
                if let Some(clockwork) = inner.clockwork.as_mut() {
                    clockwork.again(over, Instant::now());
                }
            }
        }
    }
}

/// What was over, and what became of its proposal.
type Outcome = (Over, Result<(u64, weft_model::Reply), ProposeError>);
