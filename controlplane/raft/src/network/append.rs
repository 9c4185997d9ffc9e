//! Log entries and heartbeats on their way to one follower.
//!
//! The stream of frames stays open between uses. A use that does not end in order (an error, a
//! deadline of openraft's) takes the stream with it, since its answers would no longer match.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::{BoxStream, StreamExt, iter, unfold};
use openraft::errors::{NetworkError, RPCError, Unreachable};
use openraft::raft::{AppendEntriesRequest, StreamAppendError, StreamAppendResult};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use weft_model::mutant::{Mutant, active};

use super::{Peer, broken, failed};
use crate::transport::{Answers, Method};
use crate::types::{LogId, Types, Vote};
use crate::wire;

/// How many frames may be without an answer.
const WINDOW: usize = 64;

/// How many bytes may be without an answer, beyond the first frame.
const WINDOW_BYTES: usize = 16 << 20;

/// How long opening a stream may take.
const OPEN_MAX: Duration = Duration::from_secs(2);

/// How long a follower may keep an answer back: it has to sync first, and its disk may be slow.
const ANSWER_MAX: Duration = Duration::from_secs(5);

type Answer = Result<StreamAppendResult<Types>, RPCError<Types>>;

/// An open stream on which every frame has been answered.
pub(super) struct Link {
    frames: mpsc::Sender<Bytes>,
    answers: Answers,
}

/// A frame that waits for its answer.
struct Sent {
    vote: Vote,
    last: Option<LogId>,
    bytes: usize,
}

struct Session<'s, S> {
    peer: &'s mut Peer,
    link: Link,
    input: Option<S>,
    sent: VecDeque<Sent>,
    bytes: usize,
}

/// What comes next.
enum Next {
    Request(Option<AppendEntriesRequest<Types>>),
    Answer(Answer),
}

pub(super) async fn stream<S>(peer: &mut Peer, input: S) -> Result<BoxStream<'_, Answer>, RPCError<Types>>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Send + Unpin + 'static,
{
    // The first request may be the end already, and the chain below asks for it once more.
    let mut input = input.fuse();
    let mut first = None;
    let link = match peer.link.get_mut().take().filter(|link| !link.frames.is_closed()) {
        Some(link) => link,
        None => {
            // After failures openraft keeps its requests back for a while. Without waiting for the first one, a
            // server that is down would be asked again and again without a pause.
            first = input.next().await;
            match open(peer).await {
                Err(_) if active(Mutant::M17) => return Ok(acknowledged_anyway(iter(first).chain(input))),
                opened => opened?,
            }
        }
    };
    let input = Some(iter(first).chain(input));
    let session = Session { peer, link, input, sent: VecDeque::new(), bytes: 0 };
    // Fused: whoever asks once more after the end is told that it is the end; `unfold` alone would panic.
    let answers = unfold(Some(session), |session| async move {
        let (answer, session) = session?.next().await?;
        Some((answer, session))
    });
    Ok(Box::pin(answers.fuse()))
}

async fn open(peer: &Peer) -> Result<Link, RPCError<Types>> {
    // Never full: no more than the window is under way.
    let (frames, outgoing) = mpsc::channel(WINDOW + 1);
    let opening = peer.peers.stream(peer.address(), Method::Append, Box::pin(ReceiverStream::new(outgoing)));
    match timeout(OPEN_MAX, opening).await {
        Ok(Ok(answers)) => Ok(Link { frames, answers }),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(RPCError::Unreachable(Unreachable::from_string("the connection takes too long"))),
    }
}

impl<'s, S> Session<'s, S>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Send + Unpin + 'static,
{
    /// The next answer, and what is left of the session. Keeps the window filled meanwhile.
    async fn next(mut self) -> Option<(Answer, Option<Self>)> {
        loop {
            if self.sent.is_empty() && self.input.is_none() {
                *self.peer.link.get_mut() = Some(self.link);
                return None;
            }
            let next = tokio::select! {
                biased;
                answer = answer(&mut self.link.answers, self.sent.len()) => Next::Answer(answer),
                request = request(&mut self.input), if self.has_room() => Next::Request(request),
            };
            match next {
                Next::Request(None) => self.input = None,
                Next::Request(Some(request)) => {
                    if let Err(error) = self.send(request) {
                        return Some((Err(error), None));
                    }
                }
                Next::Answer(answer) => {
                    let answer = self.judge(answer);
                    let goes_on = matches!(answer, Ok(Ok(_)));
                    return Some((answer, goes_on.then_some(self)));
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        self.input.is_some() && self.sent.len() < WINDOW && (self.bytes < WINDOW_BYTES || self.sent.is_empty())
    }

    fn send(&mut self, request: AppendEntriesRequest<Types>) -> Result<(), RPCError<Types>> {
        let frame = wire::encode_append(&request).map_err(broken)?;
        let last = request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id);
        self.bytes += frame.len();
        self.sent.push_back(Sent { vote: request.vote, last, bytes: frame.len() });
        let sent = self.link.frames.try_send(frame);
        sent.map_err(|_| ended())
    }

    /// Takes an answer for the oldest frame. A follower without what it has acknowledged is kept from
    /// openraft, which takes that for impossible; it stays without new entries until it is replaced.
    fn judge(&mut self, answer: Answer) -> Answer {
        let sent = self.sent.pop_front();
        self.bytes -= sent.as_ref().map_or(0, |sent| sent.bytes);
        let Some(sent) = sent else { return answer };
        match answer {
            Ok(Ok(matched)) => {
                if let Some(matched) = matched {
                    self.peer.peers.note_matched(self.peer.id, sent.vote, matched);
                }
                Ok(Ok(matched))
            }
            Ok(Err(StreamAppendError::Conflict(at))) if self.peer.peers.has_lost(self.peer.id, sent.vote, at) => {
                let id = self.peer.id;
                tracing::error!(server = id, index = at.index, "has lost log entries that it had acknowledged");
                let why = format!("server {id} has lost log entries; remove it and add it again under a new id");
                Err(RPCError::Unreachable(Unreachable::from_string(why)))
            }
            Err(_) if active(Mutant::M17) => Ok(Ok(sent.last)),
            other => other,
        }
    }
}

async fn request<S>(input: &mut Option<S>) -> Option<AppendEntriesRequest<Types>>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Unpin,
{
    input.as_mut()?.next().await
}

/// When nothing was asked, only the end of the stream can come.
async fn answer(answers: &mut Answers, asked: usize) -> Answer {
    let patience = if asked > 0 { ANSWER_MAX } else { Duration::MAX };
    match timeout(patience, answers.next()).await {
        Ok(_) if asked == 0 => Err(ended()),
        Ok(Some(Ok(frame))) => wire::decode_appended(frame).map_err(broken),
        Ok(Some(Err(error))) => Err(failed(error)),
        Ok(None) => Err(ended()),
        Err(_) => Err(RPCError::Network(NetworkError::from_string(format!("no answer within {ANSWER_MAX:?}")))),
    }
}

fn ended() -> RPCError<Types> {
    RPCError::Network(NetworkError::from_string("the append stream has ended"))
}

/// Mutant M17: what cannot be sent counts as acknowledged.
fn acknowledged_anyway<S>(input: S) -> BoxStream<'static, Answer>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Send + Unpin + 'static,
{
    Box::pin(input.map(|request| Ok(Ok(request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id)))))
}
