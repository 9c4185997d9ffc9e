//! `weft session renew`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Restart a session's time to live
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft session renew 84e34cd5-90ff-de04-43ed-5520a997731f")]
pub(crate) struct Renew {
    /// The session
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Renew {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.put(format!("/v1/session/renew/{}", segment(&self.id)));
        request.send().await.context("Error renewing session")?;
        output::print(&format!("Session renewed: {}", self.id))?;
        Ok(DONE)
    }
}
