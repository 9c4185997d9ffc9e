//! `/v1/snapshot`: all that the cluster knows, as a file, and back.
//!
//! ```text
//! GET  state -> archive, on a thread of its own -> pieces -> client
//! PUT  client -> spool -> archive checked -> [opened] -> RestoreChunk … -> RestoreCommit
//! ```
//!
//! Nothing of an upload reaches the log before all of it was checked, and nothing of it counts before the commit:
//! whatever is wrong, and whoever dies on the way, the state stays what it was.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderName, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::warn;
use uuid::Uuid;
use weft_model::Command;
use weft_state::State;

use crate::answer::{Answer, Outcome};
use crate::archive::{self, Content, Damage, Meta, SealKey};
use crate::call::Call;
use crate::freshness::Freshness;
use crate::host::RaftConfiguration;
use crate::options;
use crate::refusal::Refusal;

/// As large as a piece of a restore may be.
const CHUNK_BYTES: usize = 1024 * 1024;
/// As many pieces as a restore may have.
const STATE_MAX_BYTES: u64 = 1024 * CHUNK_BYTES as u64;
/// How long the next piece of an upload may take.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(30);
/// Pieces of a download that wait for their client.
const QUEUE: usize = 8;
const PIECE_BYTES: usize = 64 * 1024;

const INDEX: HeaderName = HeaderName::from_static("x-consul-index");
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-consul-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-consul-lastcontact");

/// The archive. With `stale` of what this server has, also without a leader.
pub(crate) async fn save(call: Call) -> Outcome {
    let options = options::without_blocking(&call.query)?;
    let fresh = Freshness::reach(&*call.host.cluster, &options).await?;
    let contact = fresh.contact(&*call.host.cluster, false);
    let state = call.host.store.current();
    let configuration = call.host.cluster.raft_configuration(options.consistency.knower()).await;
    let meta = meta(&call, &state, configuration.unwrap_or_default());
    let (index, key) = (state.index(), call.host.cluster.seal_key());
    let (pieces, receiver) = mpsc::channel(QUEUE);
    // Encoding and compressing take a while; the thread ends when the client goes.
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces.clone()));
        if let Err(error) = archive::pack(&mut out, meta, &Whole(state), key.as_ref()) {
            // The client has to see that it does not have all of it.
            drop(pieces.blocking_send(Err(error)));
        }
    });
    Ok(Answer::stream("application/x-gzip", Body::from_stream(ReceiverStream::new(receiver)))
        .number(INDEX, index.max(1))
        .constant(KNOWN_LEADER, if contact.known_leader { "true" } else { "false" })
        .number(LAST_CONTACT, u64::try_from(contact.last_contact.as_millis()).unwrap_or(u64::MAX)))
}

fn meta(call: &Call, state: &State, configuration: RaftConfiguration) -> Meta {
    let stats = call.host.cluster.stats();
    let term = stats.get("raft").and_then(|raft| raft.get("term")?.parse().ok()).unwrap_or(0);
    let milliseconds = UNIX_EPOCH.elapsed().map_or(0, |age| age.as_millis());
    let peers = configuration.servers.into_iter().map(|server| archive::Peer {
        id: server.id,
        address: server.address,
        suffrage: u8::from(!server.voter),
    });
    Meta {
        version: Meta::VERSION,
        id: format!("{term}-{}-{milliseconds}", state.index()),
        index: state.index(),
        term,
        configuration: archive::Configuration { servers: peers.collect() },
        configuration_index: configuration.index,
        ..Meta::default()
    }
}

struct Whole(Arc<State>);

impl Content for Whole {
    fn write_to(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, out);
        self.0.encode_to(&mut out)?;
        io::Write::flush(&mut out)
    }
}

/// Hands pieces to the response.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts an archive's state in the place of what there is.
pub(crate) async fn restore(call: Call, upload: Body) -> Outcome {
    let spool = spool(upload).await?;
    let key = call.host.cluster.seal_key();
    let checked = tokio::task::spawn_blocking(move || check(spool, key.as_ref())).await;
    let checked = checked.map_err(|failure| Refusal::failed(format!("the snapshot was not checked: {failure}")))?;
    let (meta, state) = checked.map_err(|damage| Refusal::failed(damage.to_string()))?;
    put_in_place(&call, state).await?;
    warn!(id = meta.id, index = meta.index, "a snapshot was restored");
    Ok(Answer::empty())
}

/// Keeps an upload in a file without a name.
async fn spool(upload: Body) -> Result<File, Refusal> {
    let keep = |error: io::Error| Refusal::failed(Damage::Spool(error).to_string());
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(|error| keep(io::Error::other(error)))?;
    let mut file = tokio::fs::File::from_std(file.map_err(keep)?);
    let mut pieces = upload.into_data_stream();
    let mut size = 0;
    loop {
        let piece = match tokio::time::timeout(UPLOAD_PATIENCE, pieces.next()).await {
            Err(_) => return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "Request body took too long")),
            Ok(None) => break,
            Ok(Some(piece)) => {
                piece.map_err(|error| Refusal::bad_request(format!("Request body could not be read: {error}")))?
            }
        };
        size += piece.len() as u64;
        if size > STATE_MAX_BYTES {
            let text = format!("Request body too large, max size: {STATE_MAX_BYTES} bytes.");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        file.write_all(&piece).await.map_err(keep)?;
    }
    file.flush().await.map_err(keep)?;
    Ok(file.into_std().await)
}

/// Checks all of an archive; the state that it holds.
fn check(mut spool: File, key: Option<&SealKey>) -> Result<(Meta, File), Damage> {
    spool.rewind().map_err(Damage::Spool)?;
    let mut stored = tempfile::tempfile().map_err(Damage::Spool)?;
    let archive = archive::unpack(BufReader::new(spool), BufWriter::new(&stored), STATE_MAX_BYTES)?;
    stored.rewind().map_err(Damage::Spool)?;
    if !archive.meta.sealed {
        return Ok((archive.meta, stored));
    }
    let mut opened = tempfile::tempfile().map_err(Damage::Spool)?;
    archive::open(BufReader::new(stored), BufWriter::new(&opened), key, &archive.meta_bytes)?;
    opened.rewind().map_err(Damage::Spool)?;
    Ok((archive.meta, opened))
}

/// Sends the state through the log piece by piece, and then the word that makes it count.
async fn put_in_place(call: &Call, state: File) -> Result<(), Refusal> {
    let id = Uuid::new_v4();
    let (mut reader, mut sum, mut chunks) = (BufReader::new(state), Sha256::new(), 0);
    loop {
        let (next, outcome) = tokio::task::spawn_blocking(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let outcome = reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
            (reader, outcome.map(|_| chunk))
        })
        .await
        .map_err(|failure| Refusal::failed(format!("the snapshot was not read: {failure}")))?;
        reader = next;
        let chunk = outcome.map_err(|error| Refusal::failed(Damage::Spool(error).to_string()))?;
        if chunk.is_empty() && chunks > 0 {
            break;
        }
        sum.update(&chunk);
        call.propose(Command::RestoreChunk { id, seq: chunks, bytes: chunk.into() }).await?;
        chunks += 1;
    }
    call.propose(Command::RestoreCommit { id, chunks, sha256: sum.finalize().into() }).await?;
    Ok(())
}
