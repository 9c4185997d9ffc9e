//! `weft config read`.

use super::EntryFlags;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Print a config entry as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft config read --kind proxy-defaults --name global")]
pub(crate) struct Read {
    #[command(flatten)]
    entry: EntryFlags,
    #[command(flatten)]
    http: HttpFlags,
}

impl Read {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let entry = self.http.client(env)?.get(self.entry.path()).fetch().await;
        output::print_json(&entry.context(format!("Error reading config entry {}", self.entry.title()))?)?;
        Ok(DONE)
    }
}
