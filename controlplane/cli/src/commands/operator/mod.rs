//! `weft operator`: the servers themselves.

mod autopilot;
mod raft;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Look after the servers
#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    #[command(subcommand)]
    Autopilot(autopilot::Autopilot),
    #[command(subcommand)]
    Raft(raft::Raft),
}

impl Operator {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Autopilot(autopilot) => autopilot.run(env).await,
            Self::Raft(raft) => raft.run(env).await,
        }
    }
}
