//! What openraft asks of other servers, over the [`Transport`](crate::Transport).
//!
//! ```text
//! openraft ─> Peer: vote, pre-vote, transfer ─> one call each
//!                   appends and heartbeats   ─> append: frames on a stream that stays open
//!                   raft snapshots           ─> snapshot: pieces with flow control
//! ```
//!
//! Everything here has a deadline: a peer that hangs costs a leader nothing but retries.

mod append;
mod snapshot;

pub(crate) use snapshot::Header;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use futures::{Stream, future::BoxFuture};
use openraft::OptionalSend;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weft_model::mutant::{Mutant, active};

use crate::member::Server;
use crate::peers::Peers;
use crate::progress::Progress;
use crate::snapshot::SnapshotFile;
use crate::transport::{Method, PeerAddress, TransportError};
use crate::types::{Snapshot, Types, Vote};
use crate::wire;

/// Makes a client for each peer.
pub(crate) struct Network {
    pub(crate) peers: Arc<Peers>,
    pub(crate) progress: Arc<Progress>,
}

/// One of openraft's clients for one peer. Each has an append stream of its own, so that
/// heartbeats do not queue behind log entries.
pub(crate) struct Peer {
    id: u64,
    server: Server,
    peers: Arc<Peers>,
    progress: Arc<Progress>,
    /// The append stream, between uses. Never contended; the lock is for `Sync` only.
    link: Mutex<Option<append::Link>>,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Peer;

    async fn new_client(&mut self, id: u64, server: &Server) -> Peer {
        let (peers, progress) = (Arc::clone(&self.peers), Arc::clone(&self.progress));
        Peer { id, server: server.clone(), peers, progress, link: Mutex::default() }
    }
}

impl Peer {
    fn address(&self) -> PeerAddress {
        self.peers.address(self.id, &self.server.address)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<T, RPCError<Types>> {
        let body = wire::encode(request).map_err(broken)?;
        let answer = self.peers.call(self.address(), method, body, deadline).await.map_err(failed)?;
        wire::decode(&answer).map_err(broken)
    }
}

impl RaftNetworkV2<Types> for Peer {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let input = futures::stream::iter([request]);
        let mut answers = self.stream_append(input, option).await?;
        match answers.next().await {
            Some(answer) => answer.map(AppendEntriesResponse::from),
            None => Err(RPCError::Network(NetworkError::from_string("no answer"))),
        }
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        _option: RPCOption,
    ) -> BoxFuture<'s, Result<BoxStream<'s, Result<StreamAppendResult<Types>, RPCError<Types>>>, RPCError<Types>>>
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
    {
        Box::pin(append::stream(self, input))
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let answer = self.ask(Method::Vote, &request, option.soft_ttl()).await;
        elected_anyway(answer, &request)
    }

    /// openraft would count a missing method here as a yes; a peer that cannot be asked is a no.
    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let answer = self.ask(Method::PreVote, &request, option.soft_ttl()).await;
        elected_anyway(answer, &request)
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        self.ask(Method::TransferLeader, &request, option.soft_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let _transfer = self.progress.begin_transfer();
        let last = snapshot.meta.last_log_id;
        let answer = tokio::select! {
            biased;
            closed = cancel => return Err(StreamingError::Closed(closed)),
            answer = snapshot::send(self, vote, snapshot) => answer?,
        };
        if let Some(last) = last.filter(|_| answer.vote == vote) {
            self.peers.note_matched(self.id, vote, last);
        }
        Ok(answer)
    }
}

/// Mutant M17: one vote less than a majority makes a leader.
fn elected_anyway(
    answer: Result<VoteResponse<Types>, RPCError<Types>>,
    request: &VoteRequest<Types>,
) -> Result<VoteResponse<Types>, RPCError<Types>> {
    if active(Mutant::M17) && answer.is_err() {
        return Ok(VoteResponse::new(request.vote, None, true));
    }
    answer
}

fn failed(error: TransportError) -> RPCError<Types> {
    match error {
        // Asking again at once would not help either.
        TransportError::Unreachable(why) | TransportError::Refused(why) => {
            RPCError::Unreachable(Unreachable::from_string(why))
        }
        TransportError::Unknown(why) => RPCError::Network(NetworkError::from_string(why)),
    }
}

fn broken(error: std::io::Error) -> RPCError<Types> {
    RPCError::Unreachable(Unreachable::from_string(format!("not understood: {error}")))
}
