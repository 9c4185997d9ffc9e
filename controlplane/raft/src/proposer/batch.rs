//! One batch of proposals from the moment it is stamped until each is answered.
//!
//! A command keeps its request id through all tries, and whoever applies it applies an id once. So a
//! try with an unknown outcome is followed by another one, until somebody says what became of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::vec::Drain;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use weft_model::{Envelope, Timestamp};
use weft_state::{Applied, Proposal, ProposeError};

use super::append::{Appended, append};
use super::sequence::{Numbers, Sequence};
use crate::core::{Core, Leader};
use crate::forward::Forwarded;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::transport::TransportError;

/// How long to wait before asking the same leader again.
const RETRY: Duration = Duration::from_millis(10);

/// How long a leader may be silent about a batch until its stream is given up.
const TRY_MAX: Duration = Duration::from_secs(3);

/// Where a batch ends, well within what one message may hold.
const BYTES_MAX: usize = 8 << 20;

/// A stamped, encoded command and its caller.
struct Write {
    request: Request,
    reply: oneshot::Sender<Result<Applied, ProposeError>>,
    /// Whether an earlier try may have put it into a log.
    perhaps: bool,
}

/// Commands on their way into the log.
pub(super) struct Batch {
    writes: Vec<Write>,
    since: Instant,
    /// Held until all are answered.
    numbers: Numbers,
}

/// A batch that was given to somebody.
pub(super) struct Sent {
    batch: Batch,
    to: Recipient,
}

enum Recipient {
    Here(Appended),
    There(Leader, oneshot::Receiver<Forwarded>),
    Nobody,
}

impl Batch {
    /// Stamps commands until they come to a message's worth. An envelope that cannot be encoded is
    /// refused at once.
    pub(super) fn new(proposals: &mut Drain<'_, Proposal>, sequence: &Arc<Sequence>) -> Self {
        let numbers = sequence.take(proposals.len());
        let at = now();
        let mut writes = Vec::with_capacity(proposals.len());
        let mut bytes = 0;
        for (position, Proposal { command, reply }) in proposals.enumerate() {
            let (id, settled) = (numbers.id(position), numbers.settled);
            match Request::new(Envelope { id, settled, at, command }) {
                Ok(request) => {
                    bytes += request.encoded().len();
                    writes.push(Write { request, reply, perhaps: false });
                }
                Err(error) => drop(reply.send(Err(ProposeError::Unavailable(error.to_string())))),
            }
            if bytes >= BYTES_MAX {
                break;
            }
        }
        Self { writes, since: Instant::now(), numbers }
    }

    pub(super) async fn send(self, core: &Core) -> Sent {
        let requests = || self.writes.iter().map(|write| write.request.clone()).collect();
        let to = match core.leader() {
            Leader::Here => Recipient::Here(append(core, requests()).await),
            Leader::There(address) => {
                let outcomes = core.forward.send(&core.peers, &address, requests());
                Recipient::There(Leader::There(address), outcomes)
            }
            Leader::Nobody => Recipient::Nobody,
        };
        Sent { batch: self, to }
    }
}

impl Sent {
    /// Answers every caller, trying again while it makes sense.
    pub(super) async fn finish(mut self, core: &Core) {
        let since = self.batch.since;
        loop {
            let (mut again, numbers) = self.answer(core).await;
            if again.is_empty() {
                return;
            }
            if core.stop.is_cancelled() {
                refuse(again, |_| ProposeError::ShuttingDown);
                return;
            }
            let leader = core.leader();
            again = give_up(again, &leader, since.elapsed(), core);
            if again.is_empty() {
                return;
            }
            core.leader_other_than(&leader, RETRY).await;
            self = Batch { writes: again, since, numbers }.send(core).await;
        }
    }

    /// Answers what has an outcome and gives back what is to be tried again.
    async fn answer(self, core: &Core) -> (Vec<Write>, Numbers) {
        let deadline = self.batch.since + core.limits.propose_timeout;
        let Batch { writes, numbers, .. } = self.batch;
        let mut again = Vec::new();
        match self.to {
            Recipient::Nobody => again = writes,
            Recipient::Here(mut appended) => {
                for write in writes {
                    let outcome = appended.next(deadline).await;
                    again.extend(write.settle(outcome));
                }
            }
            Recipient::There(leader, outcomes) => {
                let mut outcomes = forwarded(core, &leader, outcomes, deadline, writes.len()).await.into_iter();
                for write in writes {
                    let outcome = outcomes.next().unwrap_or_else(|| Outcome::Unknown("no outcome".to_owned()));
                    again.extend(write.settle(outcome));
                }
            }
        }
        (again, numbers)
    }
}

impl Write {
    /// Answers its caller, unless it has to be tried again. The caller may have gone; the command is
    /// applied all the same.
    fn settle(mut self, outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Applied(index, reply) => {
                drop(self.reply.send(Ok(Applied { index, reply })));
                None
            }
            Outcome::NotAppended => Some(self),
            Outcome::Unknown(why) => {
                tracing::debug!(why, "a write's outcome is unknown; trying again with the same id");
                self.perhaps = true;
                Some(self)
            }
        }
    }
}

/// What the leader says, once it has been applied here too: who has been answered finds their own
/// write in this server's state.
async fn forwarded(
    core: &Core,
    leader: &Leader,
    outcomes: oneshot::Receiver<Forwarded>,
    deadline: Instant,
    count: usize,
) -> Vec<Outcome> {
    let patience = deadline.saturating_duration_since(Instant::now()).min(TRY_MAX);
    let unknown = |why: String| (0..count).map(|_| Outcome::Unknown(why.clone())).collect();
    let outcomes: Vec<Outcome> = tokio::select! {
        biased;
        outcomes = outcomes => match outcomes {
            Ok(Ok(outcomes)) => outcomes,
            Ok(Err(TransportError::Unreachable(_) | TransportError::Refused(_))) => {
                (0..count).map(|_| Outcome::NotAppended).collect()
            }
            Ok(Err(TransportError::Unknown(why))) => unknown(why),
            Err(_) => unknown("the stream to the leader has ended".to_owned()),
        },
        () = core.leader_other_than(leader, patience) => {
            if core.leader() == *leader {
                core.forward.reset();
            }
            unknown("the leader has not answered".to_owned())
        }
    };
    let applied = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Applied(index, _) => Some(*index),
        Outcome::NotAppended | Outcome::Unknown(_) => None,
    });
    if let Some(index) = applied.max() {
        drop(timeout_at(deadline, core.progress.wait_applied(index)).await);
    }
    outcomes
}

/// Refuses what has waited long enough, with what is certain about it.
fn give_up(writes: Vec<Write>, leader: &Leader, waited: Duration, core: &Core) -> Vec<Write> {
    let (perhaps, certain): (Vec<_>, Vec<_>) = writes.into_iter().partition(|write| write.perhaps);
    let mut again = Vec::new();
    let too_long = |perhaps: bool| {
        let without_leader = *leader == Leader::Nobody || !perhaps;
        waited >= core.limits.propose_timeout || without_leader && waited >= core.limits.leader_patience
    };
    for (writes, perhaps) in [(perhaps, true), (certain, false)] {
        if too_long(perhaps) {
            refuse(writes, |write| if write.perhaps { ProposeError::TimedOut } else { ProposeError::NoLeader });
        } else {
            again.extend(writes);
        }
    }
    again
}

fn refuse(writes: Vec<Write>, error: impl Fn(&Write) -> ProposeError) {
    for write in writes {
        let error = error(&write);
        drop(write.reply.send(Err(error)));
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
