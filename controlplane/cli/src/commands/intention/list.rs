//! `weft intention list`.

use serde_json::Value;

use super::show;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List all intentions, the most exact first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft intention list\n  weft intention list --filter 'DestinationName == api'")]
pub(crate) struct List {
    /// Only intentions that match this expression
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl List {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.get("/v1/connect/intentions").param_if("filter", self.filter.as_deref());
        let intentions = request.fetch().await.context("Failed to retrieve the intentions list")?;
        match self.format.format {
            Format::Json => output::print_json(&intentions)?,
            Format::Pretty => output::print(&table(intentions.as_array().map(Vec::as_slice).unwrap_or_default()))?,
        }
        Ok(DONE)
    }
}

fn table(intentions: &[Value]) -> String {
    if intentions.is_empty() {
        return "There are no intentions.".to_owned();
    }
    let heading = ["ID", "Source", "Action", "Destination", "Precedence"].map(str::to_owned);
    let rows = intentions.iter().map(|intention| {
        let text = |key| show::text(intention, key).to_owned();
        let precedence = intention["Precedence"].to_string();
        [text("ID"), text("SourceName"), show::action(intention), text("DestinationName"), precedence]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
