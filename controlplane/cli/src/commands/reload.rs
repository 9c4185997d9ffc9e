//! `weft reload`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Let an agent read its configuration files again, as SIGHUP does
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft reload")]
pub(crate) struct Reload {
    #[command(flatten)]
    http: HttpFlags,
}

impl Reload {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let reloaded = self.http.client(env)?.put("/v1/agent/reload").send().await;
        reloaded.context("Error reloading")?;
        output::print("Configuration reload triggered")?;
        Ok(DONE)
    }
}
