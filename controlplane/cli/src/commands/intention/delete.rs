//! `weft intention delete`.

use super::target::Target;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Delete an intention, by its two services or by its ID
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft intention delete web api")]
pub(crate) struct Delete {
    /// SRC DST, or an ID
    #[arg(value_name = "SRC DST | ID", num_args = 0..)]
    target: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Delete {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let target = Target::read(&self.target)?;
        let client = self.http.client(env)?;
        // Deleting what is not there succeeds, and whoever mistypes a name should hear of it.
        let found = target.fetch(&client).await.context("Error reading the intention")?;
        found.ok_or_else(|| target.not_found())?;
        target.delete(&client).await.context("Error deleting the intention")?;
        output::print("Intention deleted.")?;
        Ok(DONE)
    }
}
