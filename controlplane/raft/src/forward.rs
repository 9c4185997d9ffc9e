//! Writes on their way to the leader, and their outcomes on the way back.
//!
//! ```text
//! frame:  batch number 8 | count 4 | (length 4, encoded envelope)*
//! answer: batch number 8 | outcomes
//! ```
//!
//! One stream to whoever leads carries all batches; the envelopes go into the frames as they were
//! encoded at first. A batch that was given to a stream that broke has an unknown outcome.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::stream::StreamExt;
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use crate::outcome::Outcome;
use crate::peers::Peers;
use crate::request::Request;
use crate::transport::{Answers, Method, PeerAddress, TransportError};
use crate::wire;

/// How many batches may be without an answer on one stream.
const WINDOW: usize = 256;

/// How long opening a stream may take.
const OPEN_MAX: Duration = Duration::from_secs(1);

/// What one batch gets back.
pub(crate) type Forwarded = Result<Vec<Outcome>, TransportError>;

/// The stream to the last leader.
#[derive(Default)]
pub(crate) struct Forward {
    link: Mutex<Option<(PeerAddress, mpsc::Sender<Outgoing>)>>,
}

struct Outgoing {
    requests: Vec<Request>,
    outcomes: oneshot::Sender<Forwarded>,
}

impl Forward {
    /// Sends a batch. Batches arrive in the order of the calls as long as the stream lives.
    pub(crate) fn send(
        &self,
        peers: &Arc<Peers>,
        to: &PeerAddress,
        requests: Vec<Request>,
    ) -> oneshot::Receiver<Forwarded> {
        let (outcomes, receiver) = oneshot::channel();
        let outgoing = Outgoing { requests, outcomes };
        let mut link = self.link.lock();
        let outgoing = match &*link {
            Some((address, sender)) if address == to => match sender.try_send(outgoing) {
                Ok(()) => return receiver,
                Err(TrySendError::Closed(outgoing)) => outgoing,
                Err(TrySendError::Full(outgoing)) => {
                    let full = TransportError::Unreachable("too much waits for the leader".to_owned());
                    drop(outgoing.outcomes.send(Err(full)));
                    return receiver;
                }
            },
            Some(_) | None => outgoing,
        };
        let (sender, queue) = mpsc::channel(WINDOW);
        // There is room, and the receiver is held just below.
        drop(sender.try_send(outgoing));
        tokio::spawn(run(Arc::clone(peers), to.clone(), queue));
        *link = Some((to.clone(), sender));
        receiver
    }

    /// Gives up the stream: no answers come on it any more.
    pub(crate) fn reset(&self) {
        *self.link.lock() = None;
    }
}

/// One stream, from its first batch until it breaks or nobody sends on it any more.
async fn run(peers: Arc<Peers>, to: PeerAddress, mut queue: mpsc::Receiver<Outgoing>) {
    let mut pending = HashMap::new();
    let end = match open(&peers, to).await {
        Ok((frames, answers)) => exchange(&frames, answers, &mut queue, &mut pending).await,
        Err(error) => error,
    };
    queue.close();
    while let Ok(outgoing) = queue.try_recv() {
        drop(outgoing.outcomes.send(Err(TransportError::Unreachable(end.to_string()))));
    }
    for (_, outcomes) in pending {
        drop(outcomes.send(Err(TransportError::Unknown(end.to_string()))));
    }
}

async fn open(peers: &Peers, to: PeerAddress) -> Result<(mpsc::Sender<Bytes>, Answers), TransportError> {
    // Never full: no more than the window is under way.
    let (frames, outgoing) = mpsc::channel(WINDOW + 1);
    let opening = peers.stream(to, Method::Propose, Box::pin(ReceiverStream::new(outgoing)));
    let opened = timeout(OPEN_MAX, opening).await;
    let answers = opened.map_err(|_| TransportError::Unreachable("the connection takes too long".to_owned()))??;
    Ok((frames, answers))
}

/// Runs until the stream ends, and says why it did.
async fn exchange(
    frames: &mpsc::Sender<Bytes>,
    mut answers: Answers,
    queue: &mut mpsc::Receiver<Outgoing>,
    pending: &mut HashMap<u64, oneshot::Sender<Forwarded>>,
) -> TransportError {
    let ended = || TransportError::Unknown("the stream to the leader has ended".to_owned());
    let mut number = 0;
    loop {
        tokio::select! {
            biased;
            answer = answers.next() => match answer {
                Some(Ok(frame)) => match decode_outcomes(frame) {
                    Ok((number, outcomes)) => {
                        if let Some(waiting) = pending.remove(&number) {
                            drop(waiting.send(Ok(outcomes)));
                        }
                    }
                    Err(error) => return TransportError::Unknown(format!("the leader's answer: {error}")),
                },
                Some(Err(error)) => return error,
                None => return ended(),
            },
            outgoing = queue.recv(), if pending.len() < WINDOW => {
                let Some(outgoing) = outgoing else { return ended() };
                number += 1;
                pending.insert(number, outgoing.outcomes);
                if frames.try_send(encode_batch(number, &outgoing.requests)).is_err() {
                    return ended();
                }
            }
        }
    }
}

fn encode_batch(number: u64, requests: &[Request]) -> Bytes {
    let bytes: usize = requests.iter().map(|request| request.encoded().len() + 4).sum();
    let mut frame = BytesMut::with_capacity(12 + bytes);
    frame.put_u64(number);
    frame.put_u32(requests.len() as u32);
    for request in requests {
        wire::put_bytes(&mut frame, request.encoded());
    }
    frame.freeze()
}

pub(crate) fn decode_batch(mut frame: Bytes) -> io::Result<(u64, Vec<Request>)> {
    let number = frame.try_get_u64().map_err(wire::short)?;
    let count = frame.try_get_u32().map_err(wire::short)? as usize;
    let mut requests = Vec::with_capacity(count.min(frame.len()));
    for _ in 0..count {
        requests.push(Request::from_encoded(wire::get_bytes(&mut frame)?));
    }
    Ok((number, requests))
}

pub(crate) fn encode_outcomes(number: u64, outcomes: &[Outcome]) -> io::Result<Bytes> {
    let mut frame = number.to_be_bytes().to_vec();
    rmp_serde::encode::write_named(&mut frame, outcomes).map_err(io::Error::other)?;
    Ok(frame.into())
}

fn decode_outcomes(mut frame: Bytes) -> io::Result<(u64, Vec<Outcome>)> {
    let number = frame.try_get_u64().map_err(wire::short)?;
    let outcomes = rmp_serde::from_slice(&frame).map_err(|error| wire::invalid(error.to_string()))?;
    Ok((number, outcomes))
}
