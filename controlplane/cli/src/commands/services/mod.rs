//! `weft services`: register services with the local agent, and remove them.

mod definitions;
mod deregister;
mod register;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Register services with the agent, and deregister them
#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    Register(Box<register::Register>),
    Deregister(deregister::Deregister),
}

impl Services {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Register(register) => register.run(env).await,
            Self::Deregister(deregister) => deregister.run(env).await,
        }
    }
}
