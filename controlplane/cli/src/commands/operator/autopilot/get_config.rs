//! `weft operator autopilot get-config`.

use super::CONFIGURATION;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Print the settings
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft operator autopilot get-config")]
pub(crate) struct GetConfig {
    #[command(flatten)]
    http: HttpFlags,
}

impl GetConfig {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let config = self.http.client(env)?.get(CONFIGURATION).fetch().await;
        let config = config.context("Error querying Autopilot configuration")?;
        // Those that mean something elsewhere only are shown quoted, as Consul does.
        let plain =
            ["CleanupDeadServers", "LastContactThreshold", "MaxTrailingLogs", "MinQuorum", "ServerStabilizationTime"];
        let plain = plain.iter().map(|field| {
            let value = config[*field].as_str().map_or_else(|| config[*field].to_string(), str::to_owned);
            format!("{field} = {value}\n")
        });
        let rest = ["RedundancyZoneTag", "DisableUpgradeMigration", "UpgradeVersionTag"];
        let rest = rest.iter().map(|field| format!("{field} = {}\n", config[*field]));
        output::print(&plain.chain(rest).collect::<String>())?;
        Ok(DONE)
    }
}
