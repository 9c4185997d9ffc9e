//! `weft catalog datacenters`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List the known datacenters, the nearest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft catalog datacenters")]
pub(crate) struct Datacenters {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Datacenters {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let names = client.get("/v1/catalog/datacenters").fetch().await.context("Error listing datacenters")?;
        match self.format.format {
            Format::Json => output::print_json(&names)?,
            Format::Pretty => {
                let names: Vec<_> = names.as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
                output::print(&names.join("\n"))?;
            }
        }
        Ok(DONE)
    }
}
