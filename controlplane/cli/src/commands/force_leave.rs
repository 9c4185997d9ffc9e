//! `weft force-leave`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};

/// Make a failed member one that has left
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft force-leave n3\n  weft force-leave --prune n3")]
pub(crate) struct ForceLeave {
    /// The member
    #[arg(value_name = "NODE")]
    node: String,
    /// Forget it
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl ForceLeave {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let mut request = client.put(format!("/v1/agent/force-leave/{}", segment(&self.node)));
        if self.prune {
            request = request.param("prune", "");
        }
        request.send().await.context("Error force leaving")?;
        Ok(DONE)
    }
}
