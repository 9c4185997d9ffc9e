//! `weft operator raft list-peers`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List the servers of the cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft operator raft list-peers\n  weft operator raft list-peers --stale")]
pub(crate) struct ListPeers {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl ListPeers {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let answer = self.http.client(env)?.get("/v1/operator/raft/configuration").fetch().await;
        let answer = answer.context("Error getting peers: Failed to retrieve raft configuration")?;
        if self.format.format == Format::Json {
            output::print_json(&answer)?;
            return Ok(DONE);
        }
        let heading = ["Node", "ID", "Address", "State", "Voter", "RaftProtocol"].map(str::to_owned);
        let rows = answer["Servers"].as_array().into_iter().flatten().map(|server| {
            let text = |field: &str| server[field].as_str().unwrap_or_default().to_owned();
            let state = if server["Leader"] == true { "leader" } else { "follower" };
            [
                text("Node"),
                text("ID"),
                text("Address"),
                state.to_owned(),
                server["Voter"].to_string(),
                text("ProtocolVersion"),
            ]
        });
        output::print(&output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()))?;
        Ok(DONE)
    }
}
