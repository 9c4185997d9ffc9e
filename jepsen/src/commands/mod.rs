//! The command line.

mod ci;
mod list;
mod probe;
mod run;
mod selftest;
mod soak;
mod spaces;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::runner;

/// Real servers under real faults, judged by what clients were told.
///
/// Exit codes: 0 everything holds, 1 something does not, 2 nobody knows, 3 the harness could not run.
#[derive(Debug, Parser)]
#[command(name = "weft-jepsen", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what this host can do
    Probe(probe::Probe),
    /// Run one scenario
    Run(run::Run),
    /// Run the set of every change
    Ci(ci::Ci),
    /// Run drawn cells with overlapping faults until the time is over or one fails
    Soak(soak::Soak),
    /// Judge the folder of an old run again
    Check {
        /// The run's folder
        dir: PathBuf,
    },
    /// Prove that the harness can fail: mistakes built in on purpose, and other people's software
    Selftest(selftest::Selftest),
    /// List scenarios, faults, mutants and the matrix
    List,
}

impl Cli {
    /// Does what was asked; the exit code of the verdict.
    ///
    /// # Errors
    /// When the harness could not do it.
    pub fn act(self) -> Result<u8> {
        match self.command {
            Command::Probe(probe) => probe.act(),
            Command::Run(run) => run.act(),
            Command::Ci(ci) => ci.act(),
            Command::Soak(soak) => soak.act(),
            Command::Check { dir } => runner::judge_dir(&dir),
            Command::Selftest(selftest) => selftest.act(),
            Command::List => list::act(),
        }
    }
}
