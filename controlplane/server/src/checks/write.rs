//! Writes on their way: proposed in the order in which the runner decided, answered in any.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::oneshot;
use weft_api::host::HeartbeatError;
use weft_model::command::Target;
use weft_model::{ApplyError, CheckId, Command, NodeName, ServiceId};
use weft_state::{ProposeError, Store};

use super::outcome::Outcome;

pub(super) type Reply = oneshot::Sender<Result<(), HeartbeatError>>;

/// The writes that wait for their answers.
pub(super) struct Writes {
    node: NodeName,
    store: Arc<Store>,
    // New futures are polled first in the order of their coming, which makes it the log's order.
    under_way: FuturesUnordered<BoxFuture<'static, Written>>,
    checks: HashMap<CheckId, usize>,
}

struct Written {
    check: Option<CheckId>,
    reply: Option<Reply>,
    result: Result<(), ProposeError>,
}

/// Whether a write has to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Settled,
    /// It may not have happened: look at the state again, later.
    Unknown,
}

impl Writes {
    pub(super) fn new(node: NodeName, store: Arc<Store>) -> Self {
        Self { node, store, under_way: FuturesUnordered::new(), checks: HashMap::new() }
    }

    /// Whether a result of this check is on its way, so that the state is about to change.
    pub(super) fn is_under_way(&self, check: &CheckId) -> bool {
        self.checks.contains_key(check)
    }

    pub(super) fn update(&mut self, check: CheckId, outcome: Outcome, reply: Option<Reply>) {
        *self.checks.entry(check.clone()).or_default() += 1;
        let Outcome { status, output } = outcome;
        let command = Command::UpdateCheck { node: self.node.clone(), check: check.clone(), status, output };
        self.propose(command, Some(check), reply);
    }

    pub(super) fn deregister(&mut self, service: ServiceId) {
        let command = Command::Deregister { node: self.node.clone(), target: Target::Service(service) };
        self.propose(command, None, None);
    }

    fn propose(&mut self, command: Command, check: Option<CheckId>, reply: Option<Reply>) {
        let store = Arc::clone(&self.store);
        self.under_way.push(Box::pin(async move {
            let result = store.propose(command).await.map(drop);
            Written { check, reply, result }
        }));
    }

    /// Waits until one is answered; for ever when there is none.
    pub(super) async fn next(&mut self) -> Ending {
        let Some(written) = self.under_way.next().await else { return std::future::pending().await };
        if let Some(check) = &written.check
            && let Some(count) = self.checks.get_mut(check)
        {
            *count -= 1;
            if *count == 0 {
                self.checks.remove(check);
            }
        }
        written.settle()
    }
}

impl Written {
    fn settle(self) -> Ending {
        let check = self.check.as_ref().map(CheckId::as_str).unwrap_or_default();
        let (answer, ending) = match self.result {
            Ok(()) => (Ok(()), Ending::Settled),
            // Deregistered in the meantime.
            Err(ProposeError::Refused(ApplyError::NotFound(_))) => {
                (Err(HeartbeatError::Unknown(check.to_owned())), Ending::Settled)
            }
            Err(error) => {
                tracing::warn!(check, %error, "the result of a check could not be written");
                (Err(HeartbeatError::Unavailable(error.to_string())), Ending::Unknown)
            }
        };
        if let Some(reply) = self.reply {
            // Whoever asked may have gone.
            drop(reply.send(answer));
        }
        ending
    }
}
