//! `weft info`: the numbers an agent keeps about itself.

use serde_json::Value;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Print what an agent says about itself
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft info\n  weft info --format json | jq .raft")]
pub(crate) struct Info {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Info {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let agent = self.http.client(env)?.get("/v1/agent/self").fetch().await;
        let agent = agent.context("Error querying agent")?;
        let stats = &agent["Stats"];
        match self.format.format {
            Format::Pretty => output::print(&listing(stats))?,
            Format::Json => output::print_json(stats)?,
        }
        Ok(DONE)
    }
}

/// Each group of numbers under its name, both sorted.
fn listing(stats: &Value) -> String {
    sorted(stats).map(|(group, values)| format!("{group}:\n{}", lines(values))).collect()
}

fn lines(values: &Value) -> String {
    sorted(values).map(|(key, value)| format!("\t{key} = {}\n", value.as_str().unwrap_or_default())).collect()
}

fn sorted(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let mut fields: Vec<_> = object.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(key, _)| *key);
    fields.into_iter()
}
