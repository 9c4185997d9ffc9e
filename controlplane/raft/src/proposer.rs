//! From proposals to log entries and back to answers.
//!
//! ```text
//! Store ─> queue ─> batch ─> one append, one sync ─> apply ─> each caller's answer
//! ```
//!
//! Whatever waits in the queue goes to Raft as one batch. Batches are in flight together: while
//! one is being synced, the next gathers. In flight are at most [`IN_FLIGHT`] proposals; more wait
//! in the queue, and then in their callers.

mod batch;

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weft_state::{Proposal, ProposeError};

use crate::config::Config;
use crate::machine::Machine;
use crate::types::Types;
use batch::Batch;

const IN_FLIGHT: usize = 4096;
const BATCH_MAX: usize = 1024;

/// Owns the receiving end of the store's proposals.
pub(crate) struct Proposer {
    raft: openraft::Raft<Types, Machine>,
    proposals: mpsc::Receiver<Proposal>,
    limits: Limits,
}

/// How long proposals may wait.
#[derive(Clone, Copy)]
struct Limits {
    leader_patience: std::time::Duration,
    propose_timeout: std::time::Duration,
}

impl Proposer {
    pub(crate) fn new(
        raft: openraft::Raft<Types, Machine>,
        proposals: mpsc::Receiver<Proposal>,
        config: &Config,
    ) -> Self {
        let limits = Limits { leader_patience: config.leader_patience, propose_timeout: config.propose_timeout };
        Self { raft, proposals, limits }
    }

    /// Proposes until every store is gone or `stop` is cancelled; what is in flight then still gets
    /// its answer.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut batches = JoinSet::new();
        let mut gathered = Vec::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                // Answered batches are let go of as they end.
                Some(_) = batches.join_next() => {}
                count = self.proposals.recv_many(&mut gathered, BATCH_MAX) => {
                    if count == 0 {
                        break;
                    }
                    let permit = Arc::clone(&permits).acquire_many_owned(count as u32).await;
                    let batch = Batch::new(std::mem::take(&mut gathered));
                    // Sent here, not in the task: proposals keep the order in which they came.
                    let sent = batch.send(&self.raft).await;
                    let (raft, limits) = (self.raft.clone(), self.limits);
                    batches.spawn(async move {
                        sent.finish(&raft, limits).await;
                        drop(permit);
                    });
                }
            }
        }
        self.refuse_rest().await;
        while batches.join_next().await.is_some() {}
    }

    async fn refuse_rest(&mut self) {
        self.proposals.close();
        while let Some(proposal) = self.proposals.recv().await {
            drop(proposal.reply.send(Err(ProposeError::ShuttingDown)));
        }
    }
}
