//! `weft acl set-agent-token`.

use serde_json::json;

use super::given;
use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Give the agent a token of its own
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl set-agent-token default -
  weft acl set-agent-token agent @/run/secrets/agent-token")]
pub(crate) struct SetAgentToken {
    /// default, agent, recovery, replication, dns or config_file_service_registration
    #[arg(value_name = "TYPE")]
    kind: String,
    /// The secret: `-` for standard input, @FILE, or itself
    #[arg(value_name = "TOKEN")]
    secret: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl SetAgentToken {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let kind = match self.kind.as_str() {
            "recovery" | "master" => "agent_recovery",
            other => other,
        };
        let client = self.http.client(env)?;
        let request = client.put(format!("/v1/agent/token/{}", segment(kind)));
        let sent = request.json(json!({"Token": given::text(&self.secret)?.trim()})).send().await;
        sent.context(format!("Failed to set ACL token {:?}", self.kind))?;
        output::print(&format!("ACL token {:?} set successfully", self.kind))?;
        Ok(DONE)
    }
}
