//! The nemesis: draws faults by seed, plays each to its end, and writes down what became of it.
//!
//! ```text
//! seed -> Nemesis -> Fault::play(Stage) -> Band -> nemesis.jsonl
//! ```
//!
//! A fault installs itself, looks for a sign that it bites, holds, and heals. Without the sign it was not executed.

mod clock;
mod disk;
mod kill;
mod leader;
mod member;
mod noise;
mod partition;
mod pause;
mod power;
mod rolling;
mod rot;
mod scene;
mod stage;
mod stall;
mod table;

pub use scene::{Claim, Need, Scene};
pub use stage::{Aim, Fault, Stage};
pub use table::{FAULTS, Row, named};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

use crate::history::{Band, BandState, MarkerKind};

/// A play of faults until a deadline.
pub struct Nemesis {
    pub scene: Arc<Scene>,
    pub faults: Vec<&'static Row>,
    pub seed: u64,
    /// How long a fault is held, at least and at most.
    pub hold: (Duration, Duration),
    /// The pause between two faults of one track.
    pub rest: Duration,
    /// How many faults may be in force together.
    pub tracks: usize,
    /// Faults that must both hit and spare the leader.
    pub both_leader_cases: Vec<String>,
}

impl Nemesis {
    /// Plays until the deadline; faults that have begun are played to their end.
    pub async fn run(&self, deadline: Instant) {
        let tracks = (0..self.tracks.max(1)).map(|track| self.track(track, deadline));
        futures::future::join_all(tracks).await;
    }

    /// Plays what the run was meant to have and has not had yet, until nothing of that is missing or the time is over.
    pub async fn catch_up(&self, deadline: Instant) {
        let mut rng = StdRng::seed_from_u64(self.seed.wrapping_mul(31));
        while Instant::now() < deadline {
            let Some((row, aim)) = self.scene.missing(&self.faults, &self.both_leader_cases) else { return };
            let hold = rng.random_range(self.hold.0..=self.hold.1);
            self.play(row, Stage::new(Arc::clone(&self.scene), row.number, rng.random(), aim, hold)).await;
            tokio::time::sleep(self.rest.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
    }

    async fn track(&self, track: usize, deadline: Instant) {
        let mut rng = StdRng::seed_from_u64(self.seed.wrapping_add(track as u64 * 7919));
        let mut played: BTreeMap<&str, usize> = BTreeMap::new();
        let mut deck: Vec<&'static Row> = Vec::new();
        while Instant::now() < deadline && !self.faults.is_empty() {
            if deck.is_empty() {
                deck.clone_from(&self.faults);
                deck.shuffle(&mut rng);
            }
            let Some(row) = deck.pop() else { return };
            let count = played.entry(row.name).or_default();
            // Both leader cases in turn; the second track begins with the other one.
            let aim = if (*count + track).is_multiple_of(2) { Aim::Leader } else { Aim::Follower };
            *count += 1;
            let hold = rng.random_range(self.hold.0..=self.hold.1);
            let seed = rng.random();
            self.play(row, Stage::new(Arc::clone(&self.scene), row.number, seed, aim, hold)).await;
            tokio::time::sleep(self.rest.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
    }

    async fn play(&self, row: &Row, mut stage: Stage) {
        if let Some(lack) = row.needs.iter().find_map(|need| self.scene.lacks(*need)) {
            stage.skip(lack);
        } else {
            let limit = stage.hold + Duration::from_secs(120);
            match tokio::time::timeout(limit, row.fault.play(&mut stage)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    self.scene.recorder.mark(MarkerKind::Harness, format!("fault {}: {error:#}", row.name));
                    stage.doubt(format!("{error:#}"));
                }
                Err(_) => {
                    self.scene
                        .recorder
                        .mark(MarkerKind::Harness, format!("fault {} did not end in {limit:?}", row.name));
                    stage.doubt("it did not end".to_owned());
                }
            }
        }
        let band: Band = stage.finish();
        let state = match &band.state {
            BandState::Installed => "installed".to_owned(),
            BandState::Skipped(why) => format!("skipped: {why}"),
            BandState::Indeterminate(why) => format!("indeterminate: {why}"),
            BandState::Unknown => "unknown".to_owned(),
        };
        let seconds = band.start_ns as f64 / 1e9;
        eprintln!("  {seconds:7.2} s  {} {} {:?}: {state} {}", band.fault, band.what, band.targets, band.observed);
        if let Err(error) = self.scene.keep(band) {
            self.scene.recorder.mark(MarkerKind::Harness, format!("nemesis.jsonl: {error:#}"));
        }
    }
}
