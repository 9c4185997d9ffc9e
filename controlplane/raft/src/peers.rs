//! The other servers: where they are, and how to ask them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::time::timeout;

use crate::transport::{Answers, Method, PeerAddress, Transport, TransportError};
use crate::types::{LogId, Vote};

/// The way to every peer.
pub(crate) struct Peers {
    transport: Arc<dyn Transport>,
    /// Addresses that are newer than the membership's.
    moved: Mutex<HashMap<u64, String>>,
    /// What each follower has acknowledged to this leader.
    matched: Mutex<HashMap<u64, (Vote, LogId)>>,
}

impl Peers {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self { transport, moved: Mutex::default(), matched: Mutex::default() })
    }

    /// From now on the server is reached there, whatever the membership says.
    pub(crate) fn set_address(&self, id: u64, address: String) {
        self.moved.lock().insert(id, address);
    }

    pub(crate) fn address(&self, id: u64, known: &str) -> PeerAddress {
        let address = self.moved.lock().get(&id).cloned().unwrap_or_else(|| known.to_owned());
        PeerAddress { id, address }
    }

    /// Asks once. The deadline holds whatever the transport does.
    pub(crate) async fn call(
        &self,
        to: PeerAddress,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, TransportError> {
        let answer = timeout(deadline, self.transport.call(to, method, body, deadline)).await;
        answer.unwrap_or_else(|_| Err(TransportError::Unknown(format!("no answer within {deadline:?}"))))
    }

    pub(crate) fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        self.transport.stream(to, method, frames)
    }

    /// Whether it is certain that nobody listens there.
    pub(crate) async fn is_gone(&self, server: PeerAddress) -> bool {
        self.transport.is_gone(server).await
    }

    /// A follower has acknowledged this much to the leader of this vote.
    pub(crate) fn note_matched(&self, id: u64, vote: Vote, log_id: LogId) {
        let mut matched = self.matched.lock();
        let known = matched.entry(id).or_insert((vote, log_id));
        if known.0 != vote || known.1.index < log_id.index {
            *known = (vote, log_id);
        }
    }

    /// Whether a follower lacks what it has acknowledged to this leader: its log went backwards.
    pub(crate) fn has_lost(&self, id: u64, vote: Vote, conflict: LogId) -> bool {
        self.matched.lock().get(&id).is_some_and(|(of, matched)| *of == vote && conflict.index <= matched.index)
    }

    /// A server that left may come back with another log.
    pub(crate) fn forget(&self, id: u64) {
        self.matched.lock().remove(&id);
        self.moved.lock().remove(&id);
    }
}
