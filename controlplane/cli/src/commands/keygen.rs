//! `weft keygen`.

use crate::failure::{DONE, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft keygen                                                            32 random bytes in base64, as Consul's
  echo \"encrypt = \\\"$(weft keygen)\\\"\" > /etc/weft.d/join-secret.hcl     the same file goes to every server
  (umask 077; weft keygen > /etc/weft.d/ca-seal.key)                     what --ca-seal-key-file takes";

/// Make a join secret, which servers need to trust each other
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Keygen {}

impl Keygen {
    pub(crate) fn run(&self) -> Outcome {
        output::print(&weft_server::generate_join_secret())?;
        Ok(DONE)
    }
}
