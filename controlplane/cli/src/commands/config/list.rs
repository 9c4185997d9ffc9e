//! `weft config list`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List the names of the config entries of a kind
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  weft config list --kind service-defaults\n  weft config list --kind service-intentions --format json"
)]
pub(crate) struct List {
    /// Kind of the entries, as service-defaults
    #[arg(long, value_name = "KIND")]
    kind: String,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl List {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let entries = self.http.client(env)?.get(format!("/v1/config/{}", segment(&self.kind))).fetch().await;
        let entries = entries.context(format!("Error listing config entries for kind {:?}", self.kind))?;
        match self.format.format {
            Format::Json => output::print_json(&entries)?,
            Format::Pretty => {
                let entries = entries.as_array().into_iter().flatten();
                let names: Vec<_> = entries.filter_map(|entry| entry["Name"].as_str()).collect();
                output::print(&names.join("\n"))?;
            }
        }
        Ok(DONE)
    }
}
