//! `weft-sim`: simulates whole clusters, seed after seed.

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

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

fn main() -> ExitCode {
    let options = Options::parse();
    let next = AtomicU64::new(options.seeds.start);
    let broken = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| work(&options, &next, &broken));
        }
    });
    let mut broken = broken.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    broken.sort_unstable();
    let count = options.seeds.end.saturating_sub(options.seeds.start);
    println!("{count} seeds, {} broken", broken.len());
    for seed in &broken {
        let mutant = std::env::var("WEFT_MUTANT").map(|mutant| format!("WEFT_MUTANT={mutant} ")).unwrap_or_default();
        println!("again: {mutant}cargo run -p weft-sim -- --verbose --seeds {seed}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(options: &Options, next: &AtomicU64, broken: &Mutex<Vec<u64>>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= options.seeds.end {
            return;
        }
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
        if !report.violations.is_empty()
            && let Ok(mut broken) = broken.lock()
        {
            broken.push(seed);
        }
    }
}
