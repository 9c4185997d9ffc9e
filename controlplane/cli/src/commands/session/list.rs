//! `weft session list`.

use serde_json::Value;

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List sessions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft session list\n  weft session list --node n1 --format json")]
pub(crate) struct List {
    /// Only those of this node
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl List {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let path = match &self.node {
            Some(node) => format!("/v1/session/node/{}", segment(node)),
            None => "/v1/session/list".to_owned(),
        };
        let sessions = self.http.client(env)?.get(path).fetch().await.context("Error listing sessions")?;
        match self.format.format {
            Format::Json => output::print_json(&sessions)?,
            Format::Pretty => output::print(&table(&sessions))?,
        }
        Ok(DONE)
    }
}

fn table(sessions: &Value) -> String {
    let heading = ["ID", "Name", "Node", "TTL", "Behavior"].map(str::to_owned);
    let sessions = sessions.as_array().into_iter().flatten();
    let rows = sessions.map(|session| {
        let text = |field: &str| session[field].as_str().unwrap_or_default().to_owned();
        [text("ID"), text("Name"), text("Node"), text("TTL"), text("Behavior")]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() { String::new() } else { output::table(&[vec![heading], rows].concat()) }
}
