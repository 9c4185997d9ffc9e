//! `soak`: drawn workloads under drawn, overlapping faults, until the time is over or one run fails.

mod summary;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

use self::summary::{Outcome, Summary};
use super::ci::word;
use super::run::Where;
use super::spaces;
use crate::nemesis::FAULTS;
use crate::runner::Backend;
use crate::scenario::WORKLOAD_ROWS;
use crate::workload;

/// Run drawn cells with overlapping faults until the time is over or one fails
#[derive(Debug, Args)]
pub(super) struct Soak {
    /// How long
    #[arg(long, conflicts_with = "hours")]
    minutes: Option<f64>,
    /// How long, in hours; one without either
    #[arg(long)]
    hours: Option<f64>,
    /// Chooses everything that is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// How long faults come and go within one run, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many faults at a time
    #[arg(long, default_value_t = 2)]
    tracks: usize,
    /// Goes on after a run that failed; the verdict of the soak stays false
    #[arg(long)]
    keep_going: bool,
    /// Locked during each run, so that several soaks and tests of one machine take turns
    #[arg(long)]
    lock: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// What a run is made of.
#[derive(Clone, Debug, Serialize)]
struct Drawn {
    seed: u64,
    servers: u8,
    workloads: Vec<&'static str>,
    faults: Vec<&'static str>,
}

impl Soak {
    pub(super) fn act(&self) -> Result<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let seed = self.seed.unwrap_or(now);
        let mut rng = StdRng::seed_from_u64(seed);
        let end = Instant::now() + self.length();
        let home = self.place.out.join(format!("{now}-soak-{seed}"));
        std::fs::create_dir_all(&home)?;
        let mut summary = Summary::new(seed);
        while Instant::now() < end {
            let drawn = draw(&mut rng, self.place.backend());
            let dir = home.join(format!("{:04}", summary.runs + 1));
            eprintln!("\nsoak of seed {seed}, run {}", summary.runs + 1);
            let turn = self.turn()?;
            let code = spaces::again(&self.args(&drawn, &dir), self.place.backend() == Backend::Root)?;
            drop(turn);
            let outcome = Outcome::of(&dir, code);
            summary.add(&drawn, &outcome);
            summary.write(&home, &drawn, &outcome)?;
            if outcome.code == 0 {
                std::fs::remove_dir_all(&dir)?;
                continue;
            }
            eprintln!("\nsoak: run {} is {}; kept in {}", summary.runs, word(outcome.code), dir.display());
            if !self.keep_going {
                break;
            }
        }
        eprint!("\n{summary}");
        eprintln!("  {}", home.join("summary.json").display());
        Ok(summary.code())
    }

    fn length(&self) -> Duration {
        let hours = self.hours.or(self.minutes.map(|minutes| minutes / 60.0)).unwrap_or(1.0);
        Duration::from_secs_f64(hours.max(0.0) * 3600.0)
    }

    /// Waits for the lock; it is given back when the file is closed.
    fn turn(&self) -> Result<Option<File>> {
        let Some(path) = &self.lock else { return Ok(None) };
        let file = File::options().create(true).append(true).open(path).with_context(|| path.display().to_string())?;
        file.lock().with_context(|| path.display().to_string())?;
        Ok(Some(file))
    }

    fn args(&self, drawn: &Drawn, dir: &Path) -> Vec<String> {
        let mut args: Vec<String> = ["run", "soak"].map(str::to_owned).into();
        let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
        flag("--tracks", self.tracks.to_string());
        flag("--workloads", drawn.workloads.join(","));
        flag("--faults", drawn.faults.join(","));
        flag("--servers", drawn.servers.to_string());
        flag("--seconds", self.seconds.to_string());
        flag("--seed", drawn.seed.to_string());
        flag("--dir", dir.display().to_string());
        args.extend(self.place.args());
        args
    }
}

fn draw(rng: &mut StdRng, backend: Backend) -> Drawn {
    let known: Vec<&'static str> = WORKLOAD_ROWS
        .into_iter()
        .filter(|name| *name != "operator" && workload::named(name, "weft").is_some())
        .collect();
    let possible: Vec<&'static str> =
        FAULTS.iter().filter(|row| row.needs.iter().all(|need| backend.meets(*need))).map(|row| row.name).collect();
    // A restore takes everybody's keys back: it is judged alone.
    let alone = rng.random_bool(0.1);
    let workloads = if alone { vec!["operator"] } else { known.sample(rng, 2).copied().collect() };
    let faults = possible.sample(rng, 6).copied().collect();
    let servers = if rng.random_bool(0.25) { 5 } else { 3 };
    Drawn { workloads, faults, servers, seed: rng.random_range(0..u64::from(u32::MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_restores_are_alone() {
        let draws = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..200).map(|_| format!("{:?}", draw(&mut rng, Backend::Root))).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..200 {
            let drawn = draw(&mut rng, Backend::Plain);
            assert!(!drawn.workloads.contains(&"operator") || drawn.workloads.len() == 1);
            assert!(!drawn.faults.iter().any(|fault| fault.starts_with("power")));
        }
    }
}
