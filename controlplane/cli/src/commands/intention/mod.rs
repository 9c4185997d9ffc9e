//! `weft intention`: who may call whom.

mod check;
mod create;
mod delete;
mod get;
mod list;
mod matching;
mod show;
mod target;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Say who may call whom, and ask
#[derive(Debug, Subcommand)]
pub(crate) enum Intention {
    Create(create::Create),
    Check(check::Check),
    List(list::List),
    Match(matching::Match),
    Get(get::Get),
    Delete(delete::Delete),
}

impl Intention {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => create.run(env).await,
            Self::Check(check) => check.run(env).await,
            Self::List(list) => list.run(env).await,
            Self::Match(matching) => matching.run(env).await,
            Self::Get(get) => get.run(env).await,
            Self::Delete(delete) => delete.run(env).await,
        }
    }
}
