//! `weft operator raft transfer-leader`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// Let another server lead
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft operator raft transfer-leader
  weft operator raft transfer-leader --id 84e34cd5-90ff-de04-43ed-5520a997731f")]
pub(crate) struct TransferLeader {
    /// The node ID of the server that is to lead; any where it is not given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl TransferLeader {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.post("/v1/operator/raft/transfer-leader").param_if("id", self.id.as_deref());
        request.send().await.context("Error transferring leadership")?;
        output::print("Success")?;
        Ok(DONE)
    }
}
