//! `weft keyring`: Consul's command for the keys of its gossip, of which there is none here.

use crate::failure::{Failure, Outcome};

const REASON: &str = "\
there is no keyring: weft has no gossip whose keys it would hold. Agents speak TLS 1.3 to each other, with
certificates that come of the join secret (the key \"encrypt\"; `weft keygen` makes one) and renew themselves, or
with those that you give them (the block tls.internal_rpc).";

/// Say what stands in for Consul's gossip keys
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft keygen          a new join secret, for the key \"encrypt\"
  weft tls ca create   an authority, where you would rather give certificates")]
pub(crate) struct Keyring {
    /// Consul's arguments: none of them has anything to work on
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

impl Keyring {
    pub(crate) fn run(&self) -> Outcome {
        Err(Failure::new(format!("error: {REASON}")))
    }
}
