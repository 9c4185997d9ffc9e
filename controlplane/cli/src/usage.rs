//! From arguments to a command to run, or to the help or the complaint that answers them.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::argv;
use crate::cli::Cli;
use crate::failure::{DONE, FAILED, NO_COMMAND};

/// What the arguments came to.
pub(crate) enum Parsed {
    Run(Box<Cli>),
    /// The answer is printed; this is the exit code.
    Answered(u8),
}

/// Reads the arguments of the process.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Parsed {
    let mut command = Cli::command();
    let args = argv::normalize(args, &argv::switches(&command));
    let cli = command.try_get_matches_from_mut(&args).and_then(|matches| Cli::from_arg_matches(&matches));
    match cli {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) => {
            // Where standard output is gone nobody is left to tell.
            let _ = error.print();
            Parsed::Answered(exit_code(&error, args.len()))
        }
    }
}

/// Consul's exit codes: help is fine, a wrong flag is a failure, a missing command something else.
fn exit_code(error: &clap::Error, args: usize) -> u8 {
    let kind = error.kind();
    if matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return DONE;
    }
    let missing = kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && args <= 1;
    let unknown = kind == ErrorKind::InvalidSubcommand && args <= 2;
    if missing || unknown { NO_COMMAND } else { FAILED }
}
