//! `weft intention match`.

use serde_json::Value;

use super::show;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Show the intentions that concern a service, in the order in which they decide
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft intention match api\n  weft intention match --source web")]
pub(crate) struct Match {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Match it as the source
    #[arg(long)]
    source: bool,
    /// Match it as the destination, which is what happens without a flag
    #[arg(long)]
    destination: bool,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Match {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        if self.source && self.destination {
            return Err(Failure::new("Error: only one of -source or -destination may be specified"));
        }
        let Some(service) = &self.service else {
            return Err(Failure::new("Error: command requires exactly one argument: src or dst"));
        };
        let by = if self.source { "source" } else { "destination" };
        let client = self.http.client(env)?;
        let request = client.get("/v1/connect/intentions/match").param("by", by).param("name", service);
        let matched = request.fetch().await.context("Error matching the connection")?;
        let intentions = &matched[service.as_str()];
        match self.format.format {
            Format::Json => output::print_json(intentions)?,
            Format::Pretty => output::print(&lines(intentions))?,
        }
        Ok(DONE)
    }
}

fn lines(intentions: &Value) -> String {
    intentions.as_array().into_iter().flatten().map(|intention| format!("{}\n", show::line(intention))).collect()
}
