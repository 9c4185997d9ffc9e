//! `weft completion`.

use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::failure::{DONE, Outcome};
use crate::output;

/// Print what lets a shell complete commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft completion bash > /etc/bash_completion.d/weft
  weft completion zsh > \"${fpath[1]}/_weft\"
  weft completion fish > ~/.config/fish/completions/weft.fish")]
pub(crate) struct Completion {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(&self) -> Outcome {
        let mut script = Vec::new();
        generate(self.shell, &mut <Cli as clap::CommandFactory>::command(), "weft", &mut script);
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(DONE)
    }
}
