//! `weft operator autopilot set-config`.

use serde_json::{Value, json};
use weft_model::GoDuration;

use super::CONFIGURATION;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Change the settings that are given
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft operator autopilot set-config --cleanup-dead-servers=false
  weft operator autopilot set-config --server-stabilization-time 30s --min-quorum 3")]
pub(crate) struct SetConfig {
    /// Take servers out that have failed
    #[arg(long, value_name = "true|false")]
    cleanup_dead_servers: Option<bool>,
    /// A server that was not heard of for longer is not healthy
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    last_contact_threshold: Option<String>,
    /// A server that lacks more entries is not healthy
    #[arg(long, value_name = "NUMBER")]
    max_trailing_logs: Option<u64>,
    /// Take no server out when fewer voters would stay
    #[arg(long, value_name = "NUMBER")]
    min_quorum: Option<u64>,
    /// A new server votes after it was healthy for this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    server_stabilization_time: Option<String>,
    /// Taken for Consul's sake
    #[arg(long, value_name = "true|false", hide = true)]
    disable_upgrade_migration: Option<bool>,
    /// Taken for Consul's sake
    #[arg(long, value_name = "NAME", hide = true)]
    redundancy_zone_tag: Option<String>,
    /// Taken for Consul's sake
    #[arg(long, value_name = "NAME", hide = true)]
    upgrade_version_tag: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl SetConfig {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let config = client.get(CONFIGURATION).fetch().await;
        let mut config = config.context("Error querying Autopilot configuration")?;
        for (field, value) in self.changes() {
            config[field] = value;
        }
        let index = config["ModifyIndex"].to_string();
        let written = client.put(CONFIGURATION).param("cas", &index).json(config).send().await;
        if !written.context("Error setting Autopilot configuration")?.is_true() {
            return Err(Failure::new("Configuration could not be atomically updated, please try again"));
        }
        output::print("Configuration updated!")?;
        Ok(DONE)
    }

    fn changes(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let changes = [
            ("CleanupDeadServers", self.cleanup_dead_servers.map(|value| json!(value))),
            ("LastContactThreshold", self.last_contact_threshold.as_ref().map(|value| json!(value))),
            ("MaxTrailingLogs", self.max_trailing_logs.map(|value| json!(value))),
            ("MinQuorum", self.min_quorum.map(|value| json!(value))),
            ("ServerStabilizationTime", self.server_stabilization_time.as_ref().map(|value| json!(value))),
            ("DisableUpgradeMigration", self.disable_upgrade_migration.map(|value| json!(value))),
            ("RedundancyZoneTag", self.redundancy_zone_tag.as_ref().map(|value| json!(value))),
            ("UpgradeVersionTag", self.upgrade_version_tag.as_ref().map(|value| json!(value))),
        ];
        changes.into_iter().filter_map(|(field, value)| Some((field, value?)))
    }
}

fn duration(text: &str) -> Result<String, String> {
    GoDuration::parse(text).map(|_| text.to_owned())
}
