//! `weft session`: who may hold locks. Consul has no such command; the flags are the fields of its API.

mod create;
mod destroy;
mod list;
mod renew;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Begin, renew, list and end sessions
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    Create(create::Create),
    Destroy(destroy::Destroy),
    List(list::List),
    Renew(renew::Renew),
}

impl Session {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => create.run(env).await,
            Self::Destroy(destroy) => destroy.run(env).await,
            Self::List(list) => list.run(env).await,
            Self::Renew(renew) => renew.run(env).await,
        }
    }
}
