//! A way to one peer: connected when it is first needed, and again when the connection is lost.
//!
//! After a failure it fails at once for a short while, so that nobody waits for a server that was just
//! found away. That while doubles up to half a second; a server that is back is soon noticed.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, Shared, ready};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;
use weft_model::mutant::{Mutant, active};

use super::Tls;
use super::connect::connect;
use super::link::Link;
use crate::transport::TransportError;

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How often an outage that goes on is told.
const TELL_AGAIN: Duration = Duration::from_secs(60);

type Opened = Result<Arc<Link>, TransportError>;
pub(super) type Opening = Shared<BoxFuture<'static, Opened>>;

pub(super) struct Lane {
    address: String,
    tls: Arc<Tls>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    pause: Duration,
    used: Instant,
    /// When the present outage was last told.
    told: Option<Instant>,
}

enum State {
    Idle,
    Connecting(Opening),
    Open(Arc<Link>),
    Failed { error: TransportError, until: Instant },
}

impl Lane {
    pub(super) fn new(address: String, tls: Arc<Tls>) -> Arc<Self> {
        let inner = Inner { state: State::Idle, pause: PAUSE_MIN, used: Instant::now(), told: None };
        Arc::new(Self { address, tls, inner: Mutex::new(inner) })
    }

    /// The connection that is open, or the one that is being opened.
    pub(super) fn open(self: &Arc<Self>) -> Opening {
        let mut inner = self.inner.lock();
        let now = Instant::now();
        inner.used = now;
        match &inner.state {
            State::Open(link) if !link.is_closed() => return done(Ok(Arc::clone(link))),
            State::Failed { error, until } if now < *until => return done(Err(error.clone())),
            State::Connecting(opening) => return opening.clone(),
            State::Idle | State::Open(_) | State::Failed { .. } => {}
        }
        let opening = self.start();
        inner.state = State::Connecting(opening.clone());
        opening
    }

    /// Whether nobody has wanted it since.
    pub(super) fn is_unused(&self, since: Instant) -> bool {
        self.inner.lock().used < since
    }

    /// Connecting goes on when whoever asked for it has given up.
    fn start(self: &Arc<Self>) -> Opening {
        let (lane, address, tls) = (Arc::downgrade(self), self.address.clone(), Arc::clone(&self.tls));
        if active(Mutant::M20) {
            tokio::spawn(std::future::pending::<()>());
        }
        let task = tokio::spawn(async move {
            let opened = connect(&address, &tls).await.map(Arc::new);
            settle(&lane, &opened);
            opened
        });
        let address = self.address.clone();
        let joined = AbortOnDropHandle::new(task).map(move |joined| {
            joined.unwrap_or_else(|_| Err(TransportError::Unreachable(format!("{address}: this server is stopping"))))
        });
        joined.boxed().shared()
    }

    /// Says when an outage begins, goes on and ends, not each try.
    fn tell(&self, inner: &mut Inner, opened: &Opened) {
        match opened {
            Ok(_) => {
                if inner.told.take().is_some() {
                    tracing::info!(server = self.address, "a server can be reached again");
                }
            }
            Err(_) if inner.told.is_some_and(|told| told.elapsed() < TELL_AGAIN) => {}
            Err(error) => {
                let (TransportError::Unreachable(why) | TransportError::Unknown(why) | TransportError::Refused(why)) =
                    error;
                tracing::warn!("a server cannot be reached: {why}");
                inner.told = Some(Instant::now());
            }
        }
    }
}

/// Notes how connecting went.
fn settle(lane: &Weak<Lane>, opened: &Opened) {
    let Some(lane) = lane.upgrade() else { return };
    let mut inner = lane.inner.lock();
    lane.tell(&mut inner, opened);
    inner.state = match opened {
        Ok(link) => {
            inner.pause = PAUSE_MIN;
            State::Open(Arc::clone(link))
        }
        Err(error) => {
            let until = Instant::now() + inner.pause;
            inner.pause = (inner.pause * 2).min(PAUSE_MAX);
            State::Failed { error: error.clone(), until }
        }
    };
}

fn done(opened: Opened) -> Opening {
    ready(opened).boxed().shared()
}
