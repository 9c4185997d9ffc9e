//! `weft acl translate-rules`.

use super::{given, legacy};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Print rules of Consul before 1.4 in today's form
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl translate-rules @rules.hcl\n  weft acl translate-rules -")]
pub(crate) struct TranslateRules {
    /// The rules: `-` for standard input, @FILE, or themselves
    #[arg(value_name = "RULES")]
    rules: String,
    #[command(flatten)]
    legacy: legacy::Meant,
    #[command(flatten)]
    http: HttpFlags,
}

impl TranslateRules {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        self.legacy.refuse()?;
        let client = self.http.client(env)?;
        let request = client.post("/v1/acl/rules/translate").bytes(given::text(&self.rules)?);
        let mut translated = Vec::new();
        request.download(&mut translated).await.context("Failed to translate rules")?;
        output::print(&String::from_utf8_lossy(&translated))?;
        Ok(DONE)
    }
}
