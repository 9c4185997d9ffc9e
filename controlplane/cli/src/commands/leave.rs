//! `weft leave`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Let an agent leave its cluster and end
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft leave")]
pub(crate) struct Leave {
    #[command(flatten)]
    http: HttpFlags,
}

impl Leave {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let left = self.http.client(env)?.put("/v1/agent/leave").send().await;
        left.context("Error leaving")?;
        output::print("Graceful leave complete")?;
        Ok(DONE)
    }
}
