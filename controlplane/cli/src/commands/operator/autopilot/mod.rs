//! `weft operator autopilot`: how the servers look after each other.

mod get_config;
mod health;
mod set_config;
mod state;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

const CONFIGURATION: &str = "/v1/operator/autopilot/configuration";

/// Show and change how the servers look after each other
#[derive(Debug, Subcommand)]
pub(crate) enum Autopilot {
    GetConfig(get_config::GetConfig),
    Health(health::Health),
    SetConfig(set_config::SetConfig),
    State(state::State),
}

impl Autopilot {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::GetConfig(get) => get.run(env).await,
            Self::Health(health) => health.run(env).await,
            Self::SetConfig(set) => set.run(env).await,
            Self::State(state) => state.run(env).await,
        }
    }
}
