//! The seam to other servers: bytes out, bytes in.
//!
//! ```text
//! Raft ─> Transport ~~~ Inbound ─> Raft
//! ```
//!
//! The server's link implements [`Transport`] over gRPC, the simulation in memory. What is in the
//! bodies is known only to this crate (and to whoever serves [`Method::Hello`]).

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// What a peer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// A stream: each frame is log entries or a heartbeat and gets one answer frame, in order.
    Append,
    /// A stream: a header frame, then pieces of a raft snapshot; one answer frame at the end.
    Snapshot,
    /// A call.
    Vote,
    /// A call.
    PreVote,
    /// A call.
    TransferLeader,
    /// A stream: each frame is a batch of writes and gets one answer frame, in any order.
    Propose,
    /// A call.
    ReadIndex,
    /// A call for whoever leads; see [`Raft::ask_leader`](crate::Raft::ask_leader).
    Leader,
    /// A call between servers that may not know each other yet. Not served by this crate.
    Hello,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Append,
        Self::Snapshot,
        Self::Vote,
        Self::PreVote,
        Self::TransferLeader,
        Self::Propose,
        Self::ReadIndex,
        Self::Leader,
        Self::Hello,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Snapshot => "snapshot",
            Self::Vote => "vote",
            Self::PreVote => "pre-vote",
            Self::TransferLeader => "transfer-leader",
            Self::Propose => "propose",
            Self::ReadIndex => "read-index",
            Self::Leader => "leader",
            Self::Hello => "hello",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress {
    /// The server's number; 0 when it is not known yet.
    pub id: u64,
    /// `HOST:PORT`.
    pub address: String,
}

/// Why a peer gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It provably has not been asked.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It may have been asked.
    #[error("{0}")]
    Unknown(String),
    /// It said no, and why.
    #[error("refused: {0}")]
    Refused(String),
}

/// Why this server does not serve a request. The text goes to the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Who asks, as its certificate and its metadata say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The server's number.
    pub id: u64,
    /// Its cluster; empty when it has none yet.
    pub cluster: String,
    /// Where its connection comes from.
    pub address: SocketAddr,
}

/// What a stream of answers yields.
pub type Answers = BoxStream<'static, Result<Bytes, TransportError>>;

/// The sending half. Dropping a returned future or stream ends the request on both sides.
pub trait Transport: Send + Sync + 'static {
    /// One question, one answer, within the deadline.
    fn call(
        &self,
        to: PeerAddress,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>>;

    /// Frames in order both ways. The returned future is done when the stream is open; it must not
    /// wait for the first answer. The stream of answers ends after an error.
    fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>>;

    /// Whether it is certain that nobody listens there: the host answers and refuses. What cannot tell
    /// says no.
    fn is_gone(&self, _server: PeerAddress) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(false))
    }
}

/// The receiving half.
pub trait Inbound: Send + Sync + 'static {
    /// Answers one question.
    fn call(&self, from: Caller, method: Method, body: Bytes) -> BoxFuture<'static, Result<Bytes, Refusal>>;

    /// Answers frames with frames. Dropping the returned stream ends the work on it.
    fn stream(
        &self,
        from: Caller,
        method: Method,
        frames: Answers,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Refusal>>;
}

/// No peers: nobody can be reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTransport;

impl NoTransport {
    fn unreachable(to: &PeerAddress) -> TransportError {
        TransportError::Unreachable(format!("server {} cannot be reached: there is no network", to.id))
    }
}

impl Transport for NoTransport {
    fn call(
        &self,
        to: PeerAddress,
        _method: Method,
        _body: Bytes,
        _deadline: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        Box::pin(async move { Err(Self::unreachable(&to)) })
    }

    fn stream(
        &self,
        to: PeerAddress,
        _method: Method,
        _frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        Box::pin(async move { Err(Self::unreachable(&to)) })
    }
}
