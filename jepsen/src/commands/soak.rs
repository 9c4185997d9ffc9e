//! `soak`: drawn workloads under drawn, overlapping faults, until the time is over or one run fails.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::ci::word;
use super::run::Where;
use super::spaces;
use crate::history::{BandState, RunData};
use crate::nemesis::FAULTS;
use crate::runner::Backend;
use crate::scenario::WORKLOAD_ROWS;
use crate::workload;

/// Run drawn cells with overlapping faults until the time is over or one fails
#[derive(Debug, Args)]
pub(super) struct Soak {
    /// How long
    #[arg(long, default_value_t = 1.0)]
    hours: f64,
    /// Chooses everything that is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// How long faults come and go within one run, in seconds
    #[arg(long, default_value_t = 90)]
    seconds: u64,
    #[command(flatten)]
    place: Where,
}

/// What a run is made of.
struct Drawn {
    workloads: Vec<&'static str>,
    faults: Vec<&'static str>,
    servers: u8,
    seed: u64,
}

impl Soak {
    pub(super) fn act(&self) -> Result<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let seed = self.seed.unwrap_or(now);
        let mut rng = StdRng::seed_from_u64(seed);
        let end = Instant::now() + Duration::from_secs_f64(self.hours * 3600.0);
        let home = self.place.out.join(format!("{now}-soak-{seed}"));
        std::fs::create_dir_all(&home)?;
        let (mut runs, mut operations, mut faults) = (0, 0, 0);
        while Instant::now() < end {
            runs += 1;
            let drawn = draw(&mut rng, self.place.backend());
            let dir = home.join(format!("{runs:04}"));
            eprintln!("\nsoak of seed {seed}, run {runs}");
            let code = spaces::again(&self.args(&drawn, &dir), self.place.backend() == Backend::Root)?;
            let (ops, bands) = count(&dir);
            (operations, faults) = (operations + ops, faults + bands);
            note(&home, &drawn, code, ops, bands)?;
            // Coverage is judged over the whole soak: one short run need not have seen every fault.
            if code != 0 && code != 2 {
                eprintln!("\nsoak stopped: run {runs} is {}; kept in {}", word(code), dir.display());
                return Ok(code);
            }
            if code == 0 {
                std::fs::remove_dir_all(&dir)?;
            }
        }
        eprintln!("\nsoak of seed {seed} passed: {runs} runs, {operations} operations, {faults} faults");
        Ok(0)
    }

    fn args(&self, drawn: &Drawn, dir: &Path) -> Vec<String> {
        let mut args: Vec<String> = ["run", "soak", "--tracks", "2", "--workloads"].map(str::to_owned).into();
        args.push(drawn.workloads.join(","));
        args.extend(["--faults".to_owned(), drawn.faults.join(",")]);
        args.extend([
            "--servers".to_owned(),
            drawn.servers.to_string(),
            "--seconds".to_owned(),
            self.seconds.to_string(),
        ]);
        args.extend(["--seed".to_owned(), drawn.seed.to_string(), "--dir".to_owned(), dir.display().to_string()]);
        args.extend(self.place.args());
        args
    }
}

fn draw(rng: &mut StdRng, backend: Backend) -> Drawn {
    let known: Vec<&'static str> = WORKLOAD_ROWS
        .into_iter()
        .filter(|name| *name != "operator" && workload::named(name, "weft").is_some())
        .collect();
    let possible: Vec<&'static str> = FAULTS
        .iter()
        .filter(|row| backend == Backend::Root || !row.needs.iter().any(|need| need.wants_root()))
        .map(|row| row.name)
        .collect();
    let workloads = known.sample(rng, 2).copied().collect();
    let faults = possible.sample(rng, 6).copied().collect();
    let servers = if rng.random_bool(0.25) { 5 } else { 3 };
    Drawn { workloads, faults, servers, seed: rng.random_range(0..u64::from(u32::MAX)) }
}

fn count(dir: &Path) -> (usize, usize) {
    let Ok(run) = RunData::load(dir) else { return (0, 0) };
    let bands = run.nemesis.iter().filter(|band| band.state == BandState::Installed).count();
    (run.history.len(), bands)
}

fn note(home: &Path, drawn: &Drawn, code: u8, operations: usize, faults: usize) -> Result<()> {
    let line = json!({"seed": drawn.seed, "servers": drawn.servers, "workloads": drawn.workloads, "faults": drawn.faults,
        "verdict": word(code), "operations": operations, "faults_installed": faults});
    let mut file = OpenOptions::new().create(true).append(true).open(home.join("soak.jsonl"))?;
    writeln!(file, "{line}")?;
    Ok(())
}
