//! Locks as Consul's clients keep them in the key/value store: held by a session that this process keeps alive.
//!
//! ```text
//! begin (session) -> acquire -> lost? -> release -> end (clean up, session destroyed)
//! ```
//!
//! A lock is advisory, and who holds it may learn late that it is lost. What must not be done twice needs the key's
//! LockIndex as a fencing token.

mod mutex;
mod semaphore;
mod session;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Client, ClientError};
use crate::failure::Failure;
use mutex::Mutex;
use semaphore::Semaphore;
use session::Session;

/// How long one question for changes waits at the agent.
const WAIT: Duration = Duration::from_secs(15);
/// Before a lock is tried again that is free and still not to be had: it is delayed after a lost session.
const RETRY: Duration = Duration::from_secs(1);

/// What is locked, and how.
pub(crate) struct Plan {
    /// The lock's key; of a semaphore the folder of its keys.
    pub(crate) key: String,
    /// How many may hold it at a time.
    pub(crate) limit: usize,
    /// The session's name.
    pub(crate) name: String,
    /// How many failed looks at a held lock are borne before it counts as lost.
    pub(crate) retries: u32,
}

/// A lock or semaphore that this process holds or wants.
pub(crate) struct Lock {
    session: Session,
    kind: Kind,
    retries: u32,
}

enum Kind {
    Mutex(Mutex),
    Semaphore(Semaphore),
}

impl Lock {
    /// Begins the session that is to hold it.
    pub(crate) async fn begin(client: &Client, plan: Plan) -> Result<Self, Failure> {
        let session = Session::begin(client, &plan.name).await?;
        let kind = match plan.limit {
            1 => Kind::Mutex(Mutex::new(client, plan.key, session.id.clone())),
            limit => Kind::Semaphore(Semaphore::new(client, plan.key, session.id.clone(), limit)),
        };
        Ok(Self { session, kind, retries: plan.retries })
    }

    /// Waits until it is held. No when the deadline passes, or the session ends before.
    pub(crate) async fn acquire(&self, deadline: Option<Instant>) -> Result<bool, Failure> {
        let acquiring = async {
            match &self.kind {
                Kind::Mutex(mutex) => mutex.acquire(deadline).await,
                Kind::Semaphore(semaphore) => semaphore.acquire(deadline).await,
            }
        };
        tokio::select! {
            acquired = acquiring => acquired,
            () = self.session.ended() => Ok(false),
        }
    }

    /// Returns when it is held no more, as far as can be known.
    pub(crate) async fn lost(&self) {
        tokio::select! {
            () = self.session.ended() => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&self) {
        let (mut index, mut failures) = (0, 0);
        loop {
            let held = match &self.kind {
                Kind::Mutex(mutex) => mutex.held_after(index).await,
                Kind::Semaphore(semaphore) => semaphore.held_after(index).await,
            };
            match held {
                Ok(Some(seen)) => (index, failures) = (seen, 0),
                Ok(None) => return,
                Err(_) if failures == self.retries => return,
                // An election is shorter than this, and no reason to let go.
                Err(_) => {
                    (index, failures) = (0, failures + 1);
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Gives it back, takes what nobody uses any more out of the store, and ends the session.
    pub(crate) async fn end(self) -> Result<(), ClientError> {
        let released = match &self.kind {
            Kind::Mutex(mutex) => mutex.release().await,
            Kind::Semaphore(semaphore) => semaphore.release().await,
        };
        // The end of the session releases what could not be released.
        self.session.destroy().await?;
        released
    }
}

/// How long to wait now; nothing when the deadline has passed.
fn remaining(deadline: Option<Instant>) -> Option<Duration> {
    match deadline {
        None => Some(WAIT),
        Some(deadline) => {
            Some(deadline.saturating_duration_since(Instant::now()).min(WAIT)).filter(|rest| !rest.is_zero())
        }
    }
}
