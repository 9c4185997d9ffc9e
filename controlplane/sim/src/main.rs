//! `weft-sim`: simulates whole clusters, seed after seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

/// Simulates whole clusters under faults, one for each seed, and checks what must hold.
#[derive(Parser)]
struct Options {
    /// The seeds, from the first to before the last
    #[arg(long, default_value = "0..100", value_parser = range)]
    seeds: Range<u64>,
    /// How many at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Simulate each seed twice and say when it does not go the same way
    #[arg(long)]
    twice: bool,
    /// Stop at the first seed under which something is broken
    #[arg(long)]
    stop: bool,
    /// For how many seconds one seed may be simulated: simulated time that stands still is a fault, too
    #[arg(long, default_value_t = 300)]
    patience: u64,
    /// Show the faults and every report, not only what is broken
    #[arg(long, short)]
    verbose: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    match text.split_once("..") {
        Some((first, end)) => Ok(number(first)?..number(end)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}

#[derive(Default)]
struct Progress {
    next: AtomicU64,
    done: AtomicU64,
    running: Mutex<BTreeMap<u64, Instant>>,
    broken: Mutex<Vec<u64>>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let progress = Progress { next: AtomicU64::new(options.seeds.start), ..Progress::default() };
    let (working, over) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            let working = working.clone();
            scope.spawn(|| {
                work(&options, &progress);
                drop(working);
            });
        }
        drop(working);
        watch(&options, &progress, &over);
    });
    let mut broken = progress.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_unstable();
    println!("{} seeds, {} broken", progress.done.into_inner(), broken.len());
    broken.iter().for_each(|seed| println!("{}", again(*seed)));
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(options: &Options, progress: &Progress) {
    loop {
        let seed = progress.next.fetch_add(1, Ordering::Relaxed);
        if seed >= options.seeds.end || options.stop && !lock(&progress.broken).is_empty() {
            return;
        }
        lock(&progress.running).insert(seed, Instant::now());
        let report = weft_sim::run(seed);
        if options.verbose {
            println!("{}", report.faults.join("\n"));
        }
        if options.verbose || !report.violations.is_empty() {
            println!("{report}");
        }
        if options.twice {
            let again = weft_sim::run(seed);
            if again.trace != report.trace {
                println!("seed {seed} went another way the second time:\n{report}\n{again}");
            }
        }
        lock(&progress.running).remove(&seed);
        progress.done.fetch_add(1, Ordering::Relaxed);
        if !report.violations.is_empty() {
            lock(&progress.broken).push(seed);
        }
    }
}

/// Waits for the jobs, and ends everything when a seed does not end: nothing else can stop a thread on which
/// time stands still.
#[allow(clippy::disallowed_methods)]
fn watch(options: &Options, progress: &Progress, over: &Receiver<()>) {
    let patience = Duration::from_secs(options.patience);
    while over.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
        let running = lock(&progress.running);
        if let Some((seed, _)) = running.iter().find(|(_, since)| since.elapsed() > patience) {
            println!("seed {seed}: not done after {patience:?}\n  broken I20: time stands still\n{}", again(*seed));
            exit(1);
        }
    }
}

fn again(seed: u64) -> String {
    let (mutant, features) = match std::env::var("WEFT_MUTANT") {
        Ok(mutant) => (format!("WEFT_MUTANT={mutant} "), "--features weft-sim/mutants "),
        Err(_) => (String::new(), ""),
    };
    format!("again: {mutant}cargo run -p weft-sim {features}-- --verbose --seeds {seed}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
