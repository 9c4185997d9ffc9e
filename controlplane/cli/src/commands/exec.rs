//! `weft exec`: Consul's command for running commands on other nodes, which weft does not do.

use crate::failure::{Failure, Outcome};

const REASON: &str = "\
weft runs no commands on other nodes: whoever may write a key would be root on all of them. Use ssh, or let the
nodes act of their own accord: `weft watch --type event --name NAME COMMAND` there, and `weft event --name NAME` here.";

/// Say why no commands are run on other nodes, and what to do instead
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft watch --type event --name deploy ./deploy.sh   on each node
  weft event --name deploy                            on any node")]
pub(crate) struct Exec {
    /// Consul's arguments: nothing is run
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

impl Exec {
    pub(crate) fn run(&self) -> Outcome {
        Err(Failure::new(REASON))
    }
}
