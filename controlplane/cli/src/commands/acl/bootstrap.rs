//! `weft acl bootstrap`.

use serde_json::json;

use super::{given, show};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, Outcome};

/// Make the first token, which may do everything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl bootstrap
  weft acl bootstrap -                                 with the secret that standard input holds")]
pub(crate) struct Bootstrap {
    /// The secret: `-` for standard input, or @FILE [default: a random one]
    #[arg(value_name = "SECRET")]
    secret: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

impl Bootstrap {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let mut request = client.put("/v1/acl/bootstrap");
        if let Some(secret) = &self.secret {
            request = request.json(json!({"BootstrapSecret": given::text(secret)?.trim()}));
        }
        let answer = request.fetch().await.context("Failed ACL bootstrapping")?;
        show::print(self.format, &answer, show::token)
    }
}
