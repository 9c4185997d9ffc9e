//! A raft snapshot from the leader, received into a file and installed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt, once};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::blocking::blocking;
use crate::core::Core;
use crate::disk::Draft;
use crate::network::Header;
use crate::snapshot::SnapshotFile;
use crate::transport::{Answers, Refusal};
use crate::types::Snapshot;
use crate::wire;

/// How long the next piece may take to come.
const STALL_MAX: Duration = Duration::from_secs(15);

/// One answer when it is installed; none when that fails, and the leader begins anew.
pub(super) fn serve(
    core: Arc<Core>,
    receiving: Arc<Semaphore>,
    frames: Answers,
) -> Result<BoxStream<'static, Bytes>, Refusal> {
    let busy = |_| Refusal("another raft snapshot is being received".to_owned());
    let permit = receiving.try_acquire_owned().map_err(busy)?;
    let answer = async move {
        let _permit = permit;
        match receive(&core, frames).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(%error, "a raft snapshot was not received");
                None
            }
        }
    };
    Ok(once(answer).filter_map(std::future::ready).boxed())
}

async fn receive(core: &Core, mut frames: Answers) -> io::Result<Bytes> {
    let header: Header = wire::decode(&next(&mut frames).await?)?;
    core.heard.note(tokio::time::Instant::now());
    let stopped = || io::Error::other("this server is stopping");
    let folder = core.disk().ok_or_else(stopped)?.snapshots;
    let mut file = blocking(move || folder.receiving()).await?;
    let mut length = 0;
    while length < header.length {
        let piece = next(&mut frames).await?;
        length += piece.len() as u64;
        file = blocking(move || write(file, &piece)).await?;
        core.heard.note(tokio::time::Instant::now());
    }
    if length != header.length {
        return Err(io::Error::other(format!("{length} bytes came of {}", header.length)));
    }
    let received = blocking(move || file.into_blob()).await?;
    let snapshot = Snapshot { meta: header.meta, snapshot: SnapshotFile::received(received) };
    let answer = core.raft.install_full_snapshot(header.vote, snapshot).await.map_err(io::Error::other)?;
    wire::encode(&answer)
}

async fn next(frames: &mut Answers) -> io::Result<Bytes> {
    match timeout(STALL_MAX, frames.next()).await {
        Ok(Some(Ok(frame))) => Ok(frame),
        Ok(Some(Err(error))) => Err(io::Error::other(error)),
        Ok(None) => Err(io::Error::other("it is cut short")),
        Err(_) => Err(io::Error::other("the transfer stands still")),
    }
}

fn write(mut file: Box<dyn Draft>, piece: &[u8]) -> io::Result<Box<dyn Draft>> {
    file.write_all(piece)?;
    Ok(file)
}
