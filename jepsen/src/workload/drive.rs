//! Runs a workload's workers until told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::join_all;
use tokio::sync::watch;

use super::session::Session;
use super::spec::{Step, Workload};
use crate::client::Connect;
use crate::history::{MarkerKind, Recorder};

/// What all workloads of a run share.
#[derive(Clone)]
pub struct Load {
    pub recorder: Recorder,
    pub connect: Arc<dyn Connect>,
    pub seed: u64,
    /// The patience of every other worker: longer than two elections.
    pub patient: Duration,
    /// That of the rest: shorter. Both classes find different mistakes.
    pub hasty: Duration,
    /// Turns true when load is to end.
    pub stop: watch::Receiver<bool>,
}

impl Load {
    /// Lets the workload prepare the ground through the first server.
    ///
    /// # Errors
    /// When the ground could not be prepared: a failure of the harness.
    pub async fn prepare(&self, workload: &dyn Workload) -> Result<()> {
        let mut session = self.session(workload, 0, self.patient)?;
        workload.prepare(&mut session).await.with_context(|| format!("prepare {}", workload.name()))
    }

    /// Runs all workers of a workload until `stop`. A failure of the harness ends that worker and leaves a
    /// marker, so that the run is never green.
    pub async fn run(&self, workload: Arc<dyn Workload>) {
        let crew = workload.crew();
        let workers = (0..crew.workers).map(|worker| self.worker(Arc::clone(&workload), worker));
        join_all(workers).await;
    }

    /// The last reads, on every server in turn.
    pub async fn finish(&self, workload: &dyn Workload) {
        for (at, server) in self.connect.servers().iter().enumerate() {
            let connect = Arc::clone(&self.connect);
            let seed = mix(self.seed, workload.name(), 1_000_000 + at);
            let mut session = Session::new(self.recorder.clone(), connect, server, at, seed, self.patient);
            session.stay();
            if let Err(error) = workload.finish(&mut session).await {
                self.recorder.mark(MarkerKind::Harness, format!("finish {} on {server}: {error:#}", workload.name()));
            }
        }
    }

    /// The last of all, on a cluster of its own.
    ///
    /// # Errors
    /// When the harness failed.
    pub async fn elsewhere(&self, workload: &dyn Workload, server: &str) -> Result<()> {
        let seed = mix(self.seed, workload.name(), 2_000_000);
        let connect = Arc::clone(&self.connect);
        let mut session = Session::new(self.recorder.clone(), connect, server, 0, seed, self.patient);
        session.stay();
        workload.elsewhere(&mut session).await.with_context(|| format!("{} elsewhere", workload.name()))
    }

    async fn worker(&self, workload: Arc<dyn Workload>, worker: usize) {
        let patience = if worker.is_multiple_of(2) { self.patient } else { self.hasty };
        let mut stop = self.stop.clone();
        let mut session = match self.session(&*workload, worker, patience) {
            Ok(session) => session,
            Err(error) => return self.recorder.mark(MarkerKind::Harness, format!("{error:#}")),
        };
        while !*stop.borrow_and_update() {
            match workload.step(&mut session).await {
                Ok(Step::AtOnce) => {}
                Ok(Step::Next) => drop(tokio::time::timeout(workload.crew().pause, stop.changed()).await),
                Err(error) => {
                    let what = format!("{} worker {worker}: {error:#}", workload.name());
                    return self.recorder.mark(MarkerKind::Harness, what);
                }
            }
        }
    }

    fn session(&self, workload: &dyn Workload, worker: usize, patience: Duration) -> Result<Session> {
        let servers = self.connect.servers();
        let server = servers.get(worker % servers.len().max(1)).context("there is no server to talk to")?;
        let seed = mix(self.seed, workload.name(), worker);
        Ok(Session::new(self.recorder.clone(), Arc::clone(&self.connect), server, worker, seed, patience))
    }
}

/// A seed of its own for each worker (FNV-1a).
fn mix(seed: u64, name: &str, worker: usize) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes()).chain(worker.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
