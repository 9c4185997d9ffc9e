//! `weft operator autopilot health`.

use serde_json::Value;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, FAILED, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Print whether each server does well; exit with 1 when one does not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft operator autopilot health
  until weft operator autopilot health; do sleep 1; done              before the next server is stopped")]
pub(crate) struct Health {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Health {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        // The endpoint of this name says it with its status too, which would be a failure here.
        let state = self.http.client(env)?.get("/v1/operator/autopilot/state").fetch().await;
        let state = state.context("Error querying Autopilot health")?;
        match self.format.format {
            Format::Json => output::print_json(&state)?,
            Format::Pretty => output::print(&table(&state))?,
        }
        Ok(if state["Healthy"] == true { DONE } else { FAILED })
    }
}

fn table(state: &Value) -> String {
    let heading = ["Node", "ID", "Address", "Status", "Healthy", "LastContact", "LastIndex"].map(str::to_owned);
    let rows = state["Servers"].as_object().into_iter().flatten().map(|(id, server)| {
        let text = |field: &str| server[field].as_str().map_or_else(|| server[field].to_string(), str::to_owned);
        [
            text("Name"),
            id.clone(),
            text("Address"),
            text("Status"),
            text("Healthy"),
            text("LastContact"),
            text("LastIndex"),
        ]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
