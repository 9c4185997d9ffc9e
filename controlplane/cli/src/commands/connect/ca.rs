//! `weft connect ca`: how certificates are made.

use clap::Subcommand;

use crate::client::HttpFlags;
use crate::document;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Read and change the certificate authority's configuration
#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    GetConfig(GetConfig),
    SetConfig(SetConfig),
}

/// Print the configuration as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft connect ca get-config > ca.json")]
pub(crate) struct GetConfig {
    #[command(flatten)]
    http: HttpFlags,
}

/// Change the configuration; a new root means new certificates for all, and connections go on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft connect ca set-config --config-file ca.json

A file, which replaces all of Config:
  { \"Provider\": \"consul\", \"Config\": { \"LeafCertTTL\": \"24h\", \"RotationPeriod\": \"2160h\" } }")]
pub(crate) struct SetConfig {
    /// The configuration, in JSON or HCL; "-" is standard input
    #[arg(long, value_name = "FILE")]
    config_file: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Ca {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::GetConfig(get) => get.run(env).await,
            Self::SetConfig(set) => set.run(env).await,
        }
    }
}

impl GetConfig {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let config = client.get("/v1/connect/ca/configuration").fetch().await;
        let config = config.context("Error querying CA configuration")?;
        output::print(&output::json_text(&config, "\t"))?;
        Ok(DONE)
    }
}

impl SetConfig {
    async fn run(&self, env: &Env) -> Outcome {
        let config = document::load(&self.config_file).context("Error reading config file")?;
        let sent = self.http.client(env)?.put("/v1/connect/ca/configuration").json(config).send().await;
        sent.context("Error setting CA configuration")?;
        output::print("Configuration updated!")?;
        Ok(DONE)
    }
}
