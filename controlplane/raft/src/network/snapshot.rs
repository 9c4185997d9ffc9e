//! A raft snapshot on its way to one follower.
//!
//! ```text
//! header: who leads, what it is, how long | pieces of 256 KiB ... | one answer
//! ```
//!
//! The transport takes a piece when it has room for it, so a slow follower slows the reading of the
//! file and nothing else. A transfer ends when nothing has moved for a while, not after a fixed time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt, unfold};
use openraft::errors::{NetworkError, RPCError, StreamingError};
use openraft::raft::SnapshotResponse;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use super::{Peer, broken, failed};
use crate::blocking::blocking;
use crate::snapshot::SnapshotFile;
use crate::transport::{Answers, Method};
use crate::types::{Snapshot, SnapshotMeta, Types, Vote};
use crate::wire;

pub(crate) const PIECE: usize = 256 << 10;

/// How long opening a stream may take.
const OPEN_MAX: Duration = Duration::from_secs(5);

/// How long a transfer may stand still.
const STALL_MAX: Duration = Duration::from_secs(15);

/// How long a follower may take to check and install what it has received.
const INSTALL_MAX: Duration = Duration::from_secs(120);

/// The first frame.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) vote: Vote,
    pub(crate) meta: SnapshotMeta,
    pub(crate) length: u64,
}

pub(super) async fn send(
    peer: &Peer,
    vote: Vote,
    snapshot: Snapshot,
) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
    let length = snapshot.snapshot.length().map_err(unreadable)?;
    let header = wire::encode(&Header { vote, meta: snapshot.meta, length }).map_err(unreadable)?;
    let taken = Arc::new(AtomicU64::new(0));
    let frames = futures::stream::iter([header]).chain(pieces(snapshot.snapshot, length, Arc::clone(&taken)));
    let opening = peer.peers.stream(peer.address(), Method::Snapshot, frames.boxed());
    let answers = match timeout(OPEN_MAX, opening).await {
        Ok(opened) => opened.map_err(|error| StreamingError::from(failed(error)))?,
        Err(_) => return Err(stalled("the connection takes too long")),
    };
    answer(answers, &taken, length).await
}

/// The file in pieces. It ends early when the file cannot be read; the follower then refuses.
fn pieces(file: SnapshotFile, length: u64, taken: Arc<AtomicU64>) -> impl Stream<Item = Bytes> + Send {
    let file = Arc::new(file);
    unfold((file, 0), move |(file, offset)| {
        let taken = Arc::clone(&taken);
        async move {
            if offset >= length {
                return None;
            }
            let reading = Arc::clone(&file);
            match blocking(move || reading.piece(offset, PIECE)).await {
                Ok(piece) if !piece.is_empty() => {
                    let offset = offset + piece.len() as u64;
                    taken.store(offset, Ordering::Relaxed);
                    Some((piece, (file, offset)))
                }
                Ok(_) => None,
                Err(error) => {
                    tracing::error!(%error, "a raft snapshot that is being sent cannot be read");
                    None
                }
            }
        }
    })
}

/// Waits for the answer for as long as pieces are taken, and then for the installation.
async fn answer(
    mut answers: Answers,
    taken: &AtomicU64,
    length: u64,
) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
    let stall = async {
        loop {
            let before = taken.load(Ordering::Relaxed);
            sleep(if before >= length { INSTALL_MAX } else { STALL_MAX }).await;
            if taken.load(Ordering::Relaxed) == before {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        answer = answers.next() => match answer {
            Some(Ok(frame)) => wire::decode(&frame).map_err(|error| broken(error).into()),
            Some(Err(error)) => Err(failed(error).into()),
            None => Err(stalled("the stream has ended")),
        },
        () = stall => Err(stalled("the transfer stands still")),
    }
}

fn stalled(why: &str) -> StreamingError<Types> {
    RPCError::Network(NetworkError::from_string(why)).into()
}

fn unreadable(error: io::Error) -> StreamingError<Types> {
    stalled(&format!("the raft snapshot cannot be read: {error}"))
}
