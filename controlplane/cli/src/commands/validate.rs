//! `weft validate`.

use std::path::PathBuf;

use weft_server::config::{self, Flags};

use crate::commands::agent::Format;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft validate /etc/weft.d                    what an agent would read from there
  weft validate base.hcl services.json && weft reload";

/// Say what is wrong with configuration files, without starting an agent
///
/// They are read as "weft agent" reads them, and must be enough to start one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Validate {
    /// Files and directories, in the order in which they are read
    #[arg(value_name = "FILE|DIR")]
    config: Vec<PathBuf>,
    /// What the files are written in, whatever they end with
    #[arg(long, value_name = "json|hcl|toml")]
    config_format: Option<Format>,
    /// Say nothing where all is well
    #[arg(long)]
    quiet: bool,
}

impl Validate {
    pub(crate) fn run(&self) -> Outcome {
        if self.config.is_empty() {
            return Err(Failure::new("Must specify at least one config file or directory"));
        }
        let (config, config_format) = (self.config.clone(), self.config_format.map(Into::into));
        let flags = Flags { config, config_format, ..Flags::default() };
        let config = config::load(&flags)
            .map_err(|faults| faults.to_string().trim_end().to_owned())
            .context("Config validation failed")?;
        if !self.quiet {
            for words in config.advice() {
                eprintln!("Note: {words}");
            }
            output::print("Configuration is valid!")?;
        }
        Ok(DONE)
    }
}
