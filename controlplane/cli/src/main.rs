//! `weft`, the one binary: an agent, and every command that speaks to one.
//!
//! ```text
//! argv -> argv::normalize -> Cli (clap) -> a command -> exit code
//! ```

mod argv;
mod bootstrap;
mod cli;
mod client;
mod commands;
mod document;
mod env;
mod failure;
mod kv;
mod lock;
mod output;
mod usage;

use std::process::ExitCode;

use crate::env::Env;
use crate::usage::Parsed;

/// Small values come and go on every path of this program; see `docs/book/performance.md` for what it saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match usage::parse(std::env::args_os()) {
        Parsed::Run(cli) => cli.run(&Env::read()),
        Parsed::Answered(code) => Ok(code),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
