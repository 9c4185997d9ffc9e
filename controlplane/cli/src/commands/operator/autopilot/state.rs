//! `weft operator autopilot state`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Print how each server does
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft operator autopilot state\n  weft operator autopilot state --format json")]
pub(crate) struct State {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl State {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let state = self.http.client(env)?.get("/v1/operator/autopilot/state").fetch().await;
        let state = state.context("Error querying Autopilot state")?;
        match self.format.format {
            Format::Json => output::print_json(&state)?,
            Format::Pretty => output::print(&listing(&state))?,
        }
        Ok(DONE)
    }
}

fn listing(state: &Value) -> String {
    let mut text = String::new();
    // Writing into a String does not fail.
    for (name, field) in [
        ("Healthy", "Healthy"),
        ("Failure Tolerance", "FailureTolerance"),
        ("Optimistic Failure Tolerance", "OptimisticFailureTolerance"),
        ("Leader", "Leader"),
    ] {
        let _ = writeln!(text, "{:<30}{}", format!("{name}:"), plain(&state[field]));
    }
    text.push_str("Voters:\n");
    for voter in state["Voters"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "   {}", plain(voter));
    }
    text.push_str("Servers:\n");
    for (id, server) in state["Servers"].as_object().into_iter().flatten() {
        let _ = writeln!(text, "   {id}");
        for (name, field) in [
            ("Name", "Name"),
            ("Address", "Address"),
            ("Version", "Version"),
            ("Status", "Status"),
            ("Node Type", "NodeType"),
            ("Node Status", "NodeStatus"),
            ("Healthy", "Healthy"),
            ("Last Contact", "LastContact"),
            ("Last Term", "LastTerm"),
            ("Last Index", "LastIndex"),
        ] {
            let _ = writeln!(text, "      {:<17}{}", format!("{name}:"), plain(&server[field]));
        }
    }
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
