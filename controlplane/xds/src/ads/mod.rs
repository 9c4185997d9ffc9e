//! The ADS service: a thin shell of tasks, timers and gRPC around [`Session`]s.
//!
//! ```text
//! gRPC call -> service -> one task a stream: requests, sets, timers -> Session -> responses
//! ```
//!
//! TLS, TCP_NODELAY and HTTP/2 keepalive belong to the listener, which is not here.
//!
//! [`Session`]: crate::session::Session

mod deadlines;
mod node;
mod service;
mod stream;
mod task;
mod variant;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;

use crate::ledger::Ledger;
use crate::session::{Limits, Overload};
use crate::source::{Refusal, ResourceSource};

/// How streams are served.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bounds of one session.
    pub limits: Limits,
    /// The largest request read. A reconnecting client names all it has in one request.
    pub request_bytes: usize,
    /// How long a stream may stay without a first request.
    pub first_request: Duration,
    /// How long a response may wait for the reader to take it.
    pub stall: Duration,
    /// How long a response may go without a verdict. Envoy keeps the one on clusters back until they
    /// are warm, so this is long.
    pub verdict: Duration,
    /// Streams are ended at about this age, so that they spread over the servers again.
    pub age_max: Option<Duration>,
    /// The oldest Envoy served: major, minor.
    pub envoy_min: (u32, u32),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            request_bytes: 16 << 20,
            first_request: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            verdict: Duration::from_secs(300),
            age_max: None,
            // Envoy maintains a minor for a year, which is four of them.
            envoy_min: (1, 37),
        }
    }
}

/// The service. Clones are the same one; add it to a tonic router.
pub struct Ads<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    source: S,
    ledger: Ledger,
    config: Config,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl<S> Clone for Ads<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<S: ResourceSource> Ads<S> {
    /// A service that reads from this source and writes to this ledger.
    pub fn new(source: S, ledger: Ledger, config: Config) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                ledger,
                config,
                closing: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Ends all streams, now and from now on, and waits until their tasks are gone.
    pub async fn close(&self) {
        self.shared.closing.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// How many streams are served, those not yet admitted included.
    pub fn streams(&self) -> usize {
        self.shared.tasks.len()
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::UnknownProxy(_) => Status::not_found(text),
            Refusal::Denied(_) => Status::permission_denied(text),
            Refusal::Unauthenticated(_) => Status::unauthenticated(text),
            Refusal::Unavailable(_) => Status::unavailable(text),
        }
    }
}

impl From<Overload> for Status {
    fn from(overload: Overload) -> Self {
        Status::resource_exhausted(overload.to_string())
    }
}
