//! `weft config write`.

use super::CasFlags;
use crate::client::HttpFlags;
use crate::document;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Create or replace a config entry
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft config write web.hcl
  weft config read --kind service-defaults --name web | jq '.Protocol=\"http\"' | weft config write -
  weft config write --cas --modify-index 42 web.hcl

A file:
  Kind = \"service-intentions\"
  Name = \"api\"
  Sources = [
    { Name = \"web\", Action = \"allow\" },
    { Name = \"*\", Action = \"deny\" },
  ]")]
pub(crate) struct Write {
    /// The entry, in JSON or HCL; "-" is standard input
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    cas: CasFlags,
    #[command(flatten)]
    http: HttpFlags,
}

impl Write {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let entry = document::load(&self.file)?;
        let kind = document::text(&entry, "Kind").ok_or_else(|| {
            Failure::new(
                "Failed to decode config entry input: Payload does not contain a kind/Kind key at the top level",
            )
        })?;
        let title = format!("{kind}/{}", document::text(&entry, "Name").unwrap_or_default());
        let client = self.http.client(env)?;
        let request = client.put("/v1/config").param_if("cas", self.cas.index().as_deref()).json(entry);
        let answer = request.send().await.context(format!("Error writing config entry {title}"))?;
        if !answer.is_true() {
            return Err(Failure::new(format!("Config entry not updated: {title}")));
        }
        output::print(&format!("Config entry written: {title}"))?;
        Ok(DONE)
    }
}
