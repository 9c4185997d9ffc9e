//! `weft logout`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};

/// Give back the token that came by a login
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft logout --token-file weft.token")]
pub(crate) struct Logout {
    #[command(flatten)]
    http: HttpFlags,
}

impl Logout {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        client.post("/v1/acl/logout").send().await.context("Error destroying token")?;
        Ok(DONE)
    }
}
