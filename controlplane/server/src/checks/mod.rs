//! The checks that this agent runs: those of its own node that carry a definition.
//!
//! ```text
//! Topic::Node ─> pass ─> start, stop ─> probes ─┐
//! heartbeats ───────────────────────────────────┼─> Runner ─> Command::UpdateCheck
//! timers ───────────────────────────────────────┘
//! ```
//!
//! One task, the `runner`, decides about every result, so that a heartbeat and the expiry that it
//! prevents cannot pass each other. Probes run beside it and only report.

mod abroad;
mod alarm;
mod alias;
mod dial;
mod grpc;
mod h2ping;
mod http;
mod method;
mod outcome;
mod pass;
mod probe;
mod runner;
pub(crate) mod script;
mod settings;
mod tcp;
mod tell;
mod threshold;
mod tls;
mod udp;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use weft_api::host::{HeartbeatError, LocalChecks};
use weft_model::health::CheckStatus;
use weft_model::{CheckId, NodeName, ServiceId};
use weft_state::Store;

pub(crate) use abroad::{Abroad, Unseen};
pub(crate) use alias::{Aliased, outcome as aliased};
pub(crate) use outcome::Outcome;
pub(crate) use runner::Runner;
pub use settings::{Certificates, Scripts, Settings};
pub(crate) use tell::tell;

/// Messages on their way to the runner; when it is full, their senders wait.
const QUEUE: usize = 1024;

/// When a proxy that has just got its listeners is probed, counted from then. Without these its check
/// would wait for its interval.
const SOON: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800), Duration::from_secs(2)];

/// A handle on the runner. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Checks {
    messages: mpsc::Sender<Message>,
}

/// What the runner is told.
enum Message {
    Heartbeat {
        check: CheckId,
        outcome: Outcome,
        reply: oneshot::Sender<Result<(), HeartbeatError>>,
    },
    /// A probe has ended. `run` tells a probe from the one that it replaced.
    Probed {
        check: CheckId,
        run: u64,
        outcome: Outcome,
    },
    /// What an alias check shows of another node's health. `run` as above.
    Seen {
        check: CheckId,
        run: u64,
        outcome: Outcome,
    },
    /// They are run otherwise from now on.
    Settings(Box<Settings>),
    /// Something speaks for the instance's health having changed.
    Probe(ServiceId),
}

impl Checks {
    /// A handle, and the runner to be run.
    pub(crate) fn new(node: NodeName, store: Arc<Store>, settings: Settings) -> (Self, Runner) {
        let (messages, receiver) = mpsc::channel(QUEUE);
        let runner = Runner::new(node, store, settings, (receiver, messages.downgrade()));
        (Self { messages }, runner)
    }

    /// Runs them otherwise from now on.
    pub(crate) async fn configure(&self, settings: Settings) {
        // Without a runner there is nothing to be run.
        drop(self.messages.send(Message::Settings(Box::new(settings))).await);
    }

    /// Probes an instance's checks a few times within the next seconds.
    pub(crate) fn probe_soon(&self, service: ServiceId) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let start = tokio::time::Instant::now();
            for delay in SOON {
                tokio::time::sleep_until(start + delay).await;
                if messages.send(Message::Probe(service.clone())).await.is_err() {
                    return;
                }
            }
        });
    }
}

impl LocalChecks for Checks {
    fn heartbeat(
        &self,
        check: CheckId,
        status: CheckStatus,
        output: String,
    ) -> BoxFuture<'_, Result<(), HeartbeatError>> {
        Box::pin(async move {
            let gone = || HeartbeatError::Unavailable("the agent is shutting down".to_owned());
            let (reply, answer) = oneshot::channel();
            let outcome = Outcome::new(status, output);
            self.messages.send(Message::Heartbeat { check, outcome, reply }).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
    }
}

#[cfg(test)]
mod tests;
