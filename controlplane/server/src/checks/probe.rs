//! A probe in its rhythm: waits, runs, reports.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use weft_model::CheckId;

use super::method::{Probe, Target};
use super::outcome::Outcome;
use super::tls::Tls;
use super::{Message, grpc, h2ping, http, script, tcp, udp};

/// How many probes may be under way at once, over all checks.
pub(super) const TOGETHER: usize = 512;

/// Everything that one probe needs to run for ever.
pub(super) struct Prober {
    pub(super) check: CheckId,
    pub(super) run: u64,
    pub(super) probe: Box<Probe>,
    /// Wakes it before its time.
    pub(super) soon: Arc<Notify>,
    pub(super) gate: Arc<Semaphore>,
    pub(super) tls: Arc<Tls>,
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
            let outcome = timeout(self.probe.timeout, run(&self.probe, &self.tls)).await;
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

/// One run, however long it takes.
pub(super) async fn run(probe: &Probe, tls: &Tls) -> Outcome {
    let max = probe.output_max;
    match &probe.target {
        Target::Tcp(address, wish) => tcp::run(address, wish.as_ref(), tls).await.cut(max),
        Target::Udp(address) => udp::run(address).await.cut(max),
        Target::Http(request) => http::run(request, max, tls).await.cut(max),
        Target::Grpc(target, wish) => grpc::run(target, wish.as_ref(), tls).await.cut(max),
        Target::H2Ping(address, wish) => h2ping::run(address, wish.as_ref(), tls).await.cut(max),
        // Of what a command says the end is kept.
        Target::Script(command) => script::run(command, max).await,
    }
}

fn late(probe: &Probe) -> Outcome {
    let after = weft_model::GoDuration(probe.timeout);
    Outcome::critical(match &probe.target {
        Target::Tcp(address, _) => format!("dial tcp {address}: i/o timeout"),
        Target::Udp(address) => format!("dial udp {address}: i/o timeout"),
        Target::Http(request) => format!("{}: timed out after {after}", http::named(request)),
        Target::Grpc(target, _) => format!("gRPC check {target}: timed out after {after}"),
        Target::H2Ping(address, _) => format!("HTTP2 ping of {address}: timed out after {after}"),
        Target::Script(_) => format!("Timed out ({after}) running check"),
    })
}
