//! A probe in its rhythm: waits, runs, reports.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use weft_model::CheckId;

use super::method::{Probe, Target};
use super::outcome::Outcome;
use super::{Message, http, tcp};

/// How many probes may be under way at once, over all checks.
pub(super) const TOGETHER: usize = 512;

/// Everything that one probe needs to run for ever.
pub(super) struct Prober {
    pub(super) check: CheckId,
    pub(super) run: u64,
    pub(super) probe: Probe,
    /// Wakes it before its time.
    pub(super) soon: Arc<Notify>,
    pub(super) gate: Arc<Semaphore>,
    pub(super) results: mpsc::WeakSender<Message>,
}

impl Prober {
    /// Runs until the runner is gone.
    pub(super) async fn run(self, first: Duration) {
        let mut pause = first;
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                () = self.soon.notified() => {}
            }
            let Ok(_turn) = self.gate.acquire().await else { return };
            let outcome = timeout(self.probe.timeout, run(&self.probe.target)).await;
            let outcome = outcome.unwrap_or_else(|_| late(&self.probe));
            let Some(results) = self.results.upgrade() else { return };
            if results.send(Message::Probed { check: self.check.clone(), run: self.run, outcome }).await.is_err() {
                return;
            }
            // Checks of one interval drift apart instead of marching in step.
            pause = self.probe.interval.mul_f64(rand::random_range(0.95..1.05));
        }
    }
}

async fn run(target: &Target) -> Outcome {
    match target {
        Target::Tcp(address) => tcp::run(address).await,
        Target::Http(request) => http::run(request).await,
    }
}

fn late(probe: &Probe) -> Outcome {
    let after = weft_model::GoDuration(probe.timeout);
    Outcome::critical(match &probe.target {
        Target::Tcp(address) => format!("dial tcp {address}: timed out after {after}"),
        Target::Http(request) => format!("{} {}: timed out after {after}", request.method, request.url),
    })
}
