//! `weft operator raft remove-peer`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Take a server out of the cluster, whether it answers or not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft operator raft remove-peer --id 84e34cd5-90ff-de04-43ed-5520a997731f
  weft operator raft remove-peer --address 10.0.0.3:8300")]
pub(crate) struct RemovePeer {
    /// Its address
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Its node ID
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl RemovePeer {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let refused = |why: &str| Err(Failure::new(format!("Error removing peer: {why}")));
        let (name, value) = match (self.address.as_deref(), self.id.as_deref()) {
            (None | Some(""), None | Some("")) => {
                return refused("an address or id is required for the peer to remove");
            }
            (Some(address), None) => ("address", address),
            (None, Some(id)) => ("id", id),
            (Some(_), Some(_)) => return refused("cannot give both an address and id"),
        };
        let request = self.http.client(env)?;
        let request = request.delete("/v1/operator/raft/peer").param(name, value);
        request.send().await.context("Error removing peer")?;
        output::print(&format!("Removed peer with {name} {value:?}"))?;
        Ok(DONE)
    }
}
