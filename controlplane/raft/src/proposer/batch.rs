//! One batch of proposals from the moment it is stamped until each is answered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use openraft::errors::{ClientWriteError, Fatal, ForwardReason};
use openraft::raft::WriteResult;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;
use weft_model::{Envelope, RequestId, Timestamp};
use weft_state::{Applied, Proposal, ProposeError};

use super::Limits;
use crate::machine::Machine;
use crate::request::Request;
use crate::types::Types;

type Raft = openraft::Raft<Types, Machine>;
type Outcome = Result<Applied, ProposeError>;
type Results = futures::stream::BoxStream<'static, Result<WriteResult<Types>, Fatal<Types>>>;

/// How long to wait before asking again for a leader.
const RETRY: Duration = Duration::from_millis(10);

/// A stamped, encoded command and its caller.
struct Write {
    request: Request,
    reply: oneshot::Sender<Outcome>,
}

/// Commands on their way into the log.
pub(super) struct Batch {
    writes: Vec<Write>,
    since: Instant,
}

/// A batch that Raft has, or has refused as a whole.
pub(super) struct Sent {
    batch: Batch,
    results: Result<Results, Fatal<Types>>,
}

/// What one write's result asks for.
enum Next {
    Answer(Outcome),
    /// It is certainly not in any log: try again.
    Retry,
}

impl Batch {
    /// Stamps the commands. An envelope that cannot be encoded is refused at once.
    pub(super) fn new(proposals: Vec<Proposal>) -> Self {
        let at = now();
        let mut writes = Vec::with_capacity(proposals.len());
        for Proposal { command, reply } in proposals {
            match Request::new(Envelope { id: RequestId(Uuid::new_v4()), at, command }) {
                Ok(request) => writes.push(Write { request, reply }),
                Err(error) => drop(reply.send(Err(ProposeError::Unavailable(error.to_string())))),
            }
        }
        Self { writes, since: Instant::now() }
    }

    pub(super) async fn send(self, raft: &Raft) -> Sent {
        let requests: Vec<_> = self.writes.iter().map(|write| write.request.clone()).collect();
        Sent { results: raft.client_write_many(requests).await, batch: self }
    }
}

impl Sent {
    /// Answers every caller, trying again while there is no leader.
    pub(super) async fn finish(mut self, raft: &Raft, limits: Limits) {
        let since = self.batch.since;
        loop {
            let again = self.answer(since + limits.propose_timeout).await;
            if again.is_empty() {
                return;
            }
            if since.elapsed() >= limits.leader_patience {
                refuse(again, &ProposeError::NoLeader);
                return;
            }
            sleep(RETRY).await;
            self = Batch { writes: again, since }.send(raft).await;
        }
    }

    /// Answers what has an outcome and gives back what is to be tried again.
    async fn answer(self, deadline: Instant) -> Vec<Write> {
        let mut results = match self.results {
            Ok(results) => results,
            Err(fatal) => {
                refuse(self.batch.writes, &stopped(&fatal));
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for write in self.batch.writes {
            let result = timeout_at(deadline, results.next()).await;
            let next = result.map_or(Next::Answer(Err(ProposeError::TimedOut)), judge);
            match next {
                // The caller may have gone; the command is applied all the same.
                Next::Answer(outcome) => drop(write.reply.send(outcome)),
                Next::Retry => again.push(write),
            }
        }
        again
    }
}

fn judge(result: Option<Result<WriteResult<Types>, Fatal<Types>>>) -> Next {
    let outcome = match result {
        None => Err(ProposeError::ShuttingDown),
        Some(Err(fatal)) => Err(stopped(&fatal)),
        Some(Ok(Ok(applied))) => match applied.response.0 {
            Some(reply) => Ok(Applied { index: applied.log_id.index, reply }),
            None => Err(ProposeError::Unavailable("the entry had no answer".to_owned())),
        },
        Some(Ok(Err(ClientWriteError::ForwardToLeader(forward)))) => match forward.reason {
            // A new leader has no lease before its first round; a cluster may be electing.
            ForwardReason::LeaseExpired => return Next::Retry,
            ForwardReason::NotLeader | ForwardReason::LeadershipTransfer if forward.leader_id.is_none() => {
                return Next::Retry;
            }
            ForwardReason::NotLeader | ForwardReason::LeadershipTransfer => Err(ProposeError::NoLeader),
        },
        Some(Ok(Err(error))) => Err(ProposeError::Unavailable(error.to_string())),
    };
    Next::Answer(outcome)
}

fn refuse(writes: Vec<Write>, error: &ProposeError) {
    for write in writes {
        drop(write.reply.send(Err(error.clone())));
    }
}

fn stopped(fatal: &Fatal<Types>) -> ProposeError {
    match fatal {
        Fatal::Stopped => ProposeError::ShuttingDown,
        Fatal::Panicked | Fatal::StorageError(_) => ProposeError::Unavailable(fatal.to_string()),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
