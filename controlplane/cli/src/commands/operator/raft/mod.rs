//! `weft operator raft`: who votes.

mod list_peers;
mod recover;
mod remove_peer;
mod transfer_leader;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Show and change who votes
#[derive(Debug, Subcommand)]
pub(crate) enum Raft {
    ListPeers(list_peers::ListPeers),
    Recover(recover::Recover),
    RemovePeer(remove_peer::RemovePeer),
    TransferLeader(transfer_leader::TransferLeader),
}

impl Raft {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::ListPeers(list) => list.run(env).await,
            Self::Recover(recover) => recover.run(),
            Self::RemovePeer(remove) => remove.run(env).await,
            Self::TransferLeader(transfer) => transfer.run(env).await,
        }
    }
}
