//! `weft-jepsen`: real servers under real faults, judged by what clients were told.

use std::process::ExitCode;

use clap::Parser as _;
use weft_jepsen::commands::Cli;

fn main() -> ExitCode {
    match Cli::parse().act() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("weft-jepsen: {error:#}");
            ExitCode::from(3)
        }
    }
}
