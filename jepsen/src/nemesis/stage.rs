//! One fault's turn.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::scene::{Claim, Scene};
use super::table::START;
use crate::history::{Band, BandState, LeaderCase, Link};

/// Whether the leader is to be hit or spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    Leader,
    Follower,
}

/// A fault.
pub trait Fault: Send + Sync {
    /// Installs it, holds it and heals it, and tells the stage what was seen. An error is a failure of the harness.
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>>;
}

/// What a fault has in its hands while it plays.
pub struct Stage {
    pub scene: Arc<Scene>,
    pub rng: StdRng,
    pub aim: Aim,
    pub hold: Duration,
    band: Band,
    claims: Vec<Claim>,
}

impl Stage {
    /// A turn that has not begun.
    #[must_use]
    pub fn new(scene: Arc<Scene>, fault: &str, seed: u64, aim: Aim, hold: Duration) -> Self {
        let start_ns = scene.recorder.now_ns();
        let band = Band { fault: fault.to_owned(), start_ns, ..Band::default() };
        Self { scene, rng: StdRng::seed_from_u64(seed), aim, hold, band, claims: Vec::new() }
    }

    /// Takes something for this turn; `false`: another fault has it, and this one is skipped.
    pub fn claim(&mut self, name: &str) -> bool {
        match self.scene.claim(name) {
            Some(claim) => {
                self.claims.push(claim);
                true
            }
            None => {
                self.skip(format!("{name} is taken by another fault"));
                false
            }
        }
    }

    /// Draws one running member by the aim and takes it; `None`: the fault is skipped.
    pub async fn target(&mut self) -> Option<String> {
        Some(self.targets(1).await?.remove(0))
    }

    /// Draws so many running members, the leader among them or not, and takes them; `None`: the fault is skipped.
    pub async fn targets(&mut self, count: usize) -> Option<Vec<String>> {
        let leader = self.scene.cluster.leader().await;
        let running = |name: &String| self.scene.cluster.runs(name);
        let mut followers: Vec<String> = self.scene.cluster.members().into_iter().filter(running).collect();
        let total = followers.len();
        followers.retain(|name| Some(name) != leader.as_ref());
        let mut drawn: Vec<String> = Vec::new();
        let all = count >= total;
        if let Some(leader) = leader.as_ref().filter(|_| all || self.aim == Aim::Leader) {
            drawn.push(leader.clone());
        }
        let rest = count.saturating_sub(drawn.len());
        drawn.extend(followers.sample(&mut self.rng, rest).cloned());
        if drawn.is_empty() {
            self.skip("no server to aim at".to_owned());
            return None;
        }
        for name in &drawn {
            if !self.claim(name) {
                return None;
            }
        }
        self.band.leader = match leader {
            Some(leader) if drawn.contains(&leader) => LeaderCase::Hit,
            Some(_) => LeaderCase::Spared,
            None => LeaderCase::Unknown,
        };
        Some(drawn)
    }

    /// Says where the leader was, for faults that do not draw by the aim.
    pub fn leader_case(&mut self, case: LeaderCase) {
        self.band.leader = case;
    }

    /// The fault begins now.
    pub fn begin(&mut self, what: impl Into<String>, targets: &[String]) {
        self.band.start_ns = self.scene.recorder.now_ns();
        self.band.what = what.into();
        self.band.targets = targets.to_vec();
    }

    /// These links carry nothing.
    ///
    /// # Errors
    /// When a number is no server's.
    pub fn cuts(&mut self, from: &[String], to: &[String]) {
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to))).filter(|(from, to)| from != to);
        self.band.cut.extend(pairs.map(|(from, to)| Link { from: from.clone(), to: to.clone() }));
    }

    /// Waits as long as the fault is to be held.
    pub async fn hold(&self) {
        tokio::time::sleep(self.hold).await;
    }

    /// It was seen to change something.
    pub fn bites(&mut self, observed: Value) {
        self.band.state = BandState::Installed;
        self.band.observed = observed;
    }

    /// It bites if that holds, else nobody knows.
    pub fn bites_if(&mut self, seen: bool, observed: Value) {
        self.band.observed = observed;
        self.band.state =
            if seen { BandState::Installed } else { BandState::Indeterminate("no sign of it was seen".to_owned()) };
    }

    /// It was not tried.
    pub fn skip(&mut self, why: String) {
        self.band.state = BandState::Skipped(why);
    }

    /// Nobody knows.
    pub fn doubt(&mut self, why: String) {
        self.band.state = BandState::Indeterminate(why);
    }

    /// With that chance.
    pub fn toss(&mut self, chance: f64) -> bool {
        self.rng.random_bool(chance)
    }

    /// Waits until a server answers again, or has ended; `true` if it answers.
    pub async fn await_up(&self, name: &str, patience: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < deadline {
            if self.scene.cluster.view(name).await.is_some() {
                return true;
            }
            if !self.scene.cluster.runs(name) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Waits until these servers answer again, have ended, or take too long; how many answer.
    pub async fn await_all(&self, names: &[String]) -> usize {
        let all = futures::future::join_all(names.iter().map(|name| self.await_up(name, START))).await;
        all.into_iter().filter(|up| *up).count()
    }

    /// Waits until a process has ended; `true` if it has.
    pub async fn await_end(&self, name: &str, patience: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < deadline {
            if !self.scene.cluster.runs(name) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// The turn is over.
    #[must_use]
    pub fn finish(mut self) -> Band {
        self.band.end_ns = Some(self.scene.recorder.now_ns());
        self.band
    }
}
