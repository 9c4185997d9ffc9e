//! How the servers look after themselves; `GET/PUT /v1/operator/autopilot/configuration`.

use serde::{Deserialize, Serialize};

use crate::time::GoDuration;

/// Consul's autopilot settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AutopilotConfig {
    /// Take servers out that have failed, when a new one is there.
    pub cleanup_dead_servers: bool,
    /// A server that was not heard of for longer is not healthy.
    pub last_contact_threshold: GoDuration,
    /// A server that lacks more entries is not healthy.
    pub max_trailing_logs: u64,
    /// Never take a server out when fewer voters would stay; 0: no such limit.
    pub min_quorum: u64,
    /// A new server votes after it was healthy for this long.
    pub server_stabilization_time: GoDuration,
    pub redundancy_zone_tag: String,
    pub disable_upgrade_migration: bool,
    pub upgrade_version_tag: String,
}

impl Default for AutopilotConfig {
    fn default() -> Self {
        Self {
            cleanup_dead_servers: true,
            last_contact_threshold: GoDuration(std::time::Duration::from_millis(200)),
            max_trailing_logs: 250,
            min_quorum: 0,
            server_stabilization_time: GoDuration::from_secs(10),
            redundancy_zone_tag: String::new(),
            disable_upgrade_migration: false,
            upgrade_version_tag: String::new(),
        }
    }
}
