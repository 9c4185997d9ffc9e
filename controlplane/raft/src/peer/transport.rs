//! The sending half: finds the lane, sends, and says exactly how far a failed request may have got.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::{Instant as Moment, timeout, timeout_at};

use super::headers::Claims;
use super::lane::Lane;
use super::link::{Failure, Link};
use super::{Identity, MESSAGE_MAX, Tls};
use crate::transport::{Answers, Method, PeerAddress, Transport, TransportError};

/// After how long a connection that nobody uses is given up.
const IDLE_MAX: Duration = Duration::from_secs(120);

/// How long a host may take to say whether somebody listens.
const PROBE_MAX: Duration = Duration::from_millis(200);

/// How long the other end may take to accept a stream.
const STREAM_MAX: Duration = Duration::from_secs(5);

/// Speaks to other servers over gRPC. Connections are opened when they are first needed.
pub struct GrpcTransport {
    tls: Arc<Tls>,
    identity: Arc<Identity>,
    lanes: Mutex<HashMap<(String, Kind), Arc<Lane>>>,
}

/// What shares a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// What must not wait.
    Prompt,
    /// Raft snapshots.
    Bulk,
}

impl Kind {
    fn of(method: Method) -> Self {
        match method {
            Method::Snapshot => Self::Bulk,
            Method::Append
            | Method::Vote
            | Method::PreVote
            | Method::TransferLeader
            | Method::Propose
            | Method::ReadIndex
            | Method::Leader
            | Method::Hello => Self::Prompt,
        }
    }
}

impl GrpcTransport {
    /// A transport without connections.
    #[must_use]
    pub fn new(tls: Tls, identity: Arc<Identity>) -> Self {
        Self { tls: Arc::new(tls), identity, lanes: Mutex::default() }
    }

    fn lane(&self, address: &str, method: Method) -> Arc<Lane> {
        let key = (address.to_owned(), Kind::of(method));
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get(&key) {
            return Arc::clone(lane);
        }
        // Servers move; what is left of their old addresses goes when a new one comes.
        if let Some(since) = Instant::now().checked_sub(IDLE_MAX) {
            lanes.retain(|_, lane| !lane.is_unused(since));
        }
        let lane = Lane::new(key.0.clone(), Arc::clone(&self.tls));
        lanes.insert(key, Arc::clone(&lane));
        lane
    }
}

impl Transport for GrpcTransport {
    fn call(
        &self,
        to: PeerAddress,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (lane, identity) = (self.lane(&to.address, method), Arc::clone(&self.identity));
        Box::pin(async move {
            let until = Moment::now() + deadline;
            check_size(body.len())?;
            let claims = Claims::new(&identity, to.id, method);
            // A connection that turns out to be closed may be replaced once.
            for _ in 0..2 {
                let link = open(&lane, &to, until).await?;
                match timeout_at(until, link.call(&claims, body.clone())).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(Failure::NotSent)) => {}
                    Ok(Err(Failure::Failed(error))) => return Err(error),
                    Err(_) => return Err(TransportError::Unknown(format!("{}: no answer in time", to.address))),
                }
            }
            Err(Failure::NotSent.into_error())
        })
    }

    fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        let (lane, identity) = (self.lane(&to.address, method), Arc::clone(&self.identity));
        Box::pin(async move {
            let until = Moment::now() + STREAM_MAX;
            let claims = Claims::new(&identity, to.id, method);
            let link = open(&lane, &to, until).await?;
            match timeout_at(until, link.stream(&claims, frames)).await {
                Ok(answers) => answers.map_err(Failure::into_error),
                Err(_) => Err(TransportError::Unknown(format!("{}: the stream is not accepted in time", to.address))),
            }
        })
    }

    fn is_gone(&self, server: PeerAddress) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            let connecting = timeout(PROBE_MAX, TcpStream::connect(server.address)).await;
            matches!(connecting, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused)
        })
    }
}

async fn open(lane: &Arc<Lane>, to: &PeerAddress, until: Moment) -> Result<Arc<Link>, TransportError> {
    let link = timeout_at(until, lane.open())
        .await
        .map_err(|_| TransportError::Unreachable(format!("{}: no connection in time", to.address)))??;
    link.check_owner(to.id)?;
    Ok(link)
}

/// The other end would refuse it, but only after it has been sent.
fn check_size(size: usize) -> Result<(), TransportError> {
    if size <= MESSAGE_MAX {
        return Ok(());
    }
    Err(TransportError::Refused(format!("a message of {size} bytes is too large for servers: {MESSAGE_MAX} at most")))
}
