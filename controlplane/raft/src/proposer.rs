//! From proposals to log entries and back to answers.
//!
//! ```text
//! Store ─> queue ─> batch ─> the leader's log, here or there ─> apply ─> each caller's answer
//! ```
//!
//! Whatever waits in the queue goes to the leader as one batch. A few batches are in flight together:
//! while they are being synced, the next gathers. More wait in the queue, and then in their callers.

mod append;
mod batch;
mod sequence;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use weft_state::{Proposal, ProposeError};

pub(crate) use append::append;
use batch::Batch;
pub(crate) use batch::now;
use sequence::Sequence;

use crate::core::Core;

/// More would make batches smaller, and each of them costs something of its own.
const BATCHES: usize = 8;
const BATCH_MAX: usize = 512;

/// Owns the receiving end of the store's proposals.
pub(crate) struct Proposer {
    core: Arc<Core>,
    proposals: mpsc::Receiver<Proposal>,
}

impl Proposer {
    pub(crate) fn new(core: Arc<Core>, proposals: mpsc::Receiver<Proposal>) -> Self {
        Self { core, proposals }
    }

    /// Proposes until every store is gone or Raft is told to stop; what is in flight then still gets
    /// its answer.
    pub(crate) async fn run(mut self) {
        let mut batches = JoinSet::new();
        let mut gathered = Vec::new();
        let sequence = Sequence::new();
        loop {
            tokio::select! {
                biased;
                () = self.core.stop.cancelled() => break,
                // Answered batches are let go of as they end.
                Some(_) = batches.join_next() => {}
                count = self.proposals.recv_many(&mut gathered, BATCH_MAX), if batches.len() < BATCHES => {
                    if count == 0 {
                        break;
                    }
                    let mut proposals = gathered.drain(..);
                    while proposals.len() > 0 {
                        let batch = Batch::new(&mut proposals, &sequence);
                        // Sent here, not in the task: proposals keep the order in which they came.
                        let sent = batch.send(&self.core).await;
                        let core = Arc::clone(&self.core);
                        batches.spawn(async move { sent.finish(&core).await });
                    }
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
