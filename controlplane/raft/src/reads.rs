//! Up to which log index a server must have applied for a read to be linearizable.
//!
//! ```text
//! readers gather ─> one question to the leader ─> one round of the leader's quorum ─> index
//! ```
//!
//! One round is under way at a time, and answers everybody who asked before it began. It is never
//! answered from a lease: a clock that jumps must not make a read stale.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openraft::ReadPolicy;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use weft_model::mutant::{Mutant, active};

use crate::core::{Core, Leader};
use crate::error::ReadError;
use crate::transport::Method;
use crate::wire;

type Answer = oneshot::Sender<Result<u64, ReadError>>;

/// How long one question to the leader may take.
const ASK_MAX: Duration = Duration::from_secs(1);

/// How long to wait before asking the same leader again.
const RETRY: Duration = Duration::from_millis(10);

/// How long this server may take to apply what the leader had.
const APPLY_MAX: Duration = Duration::from_secs(10);

/// How many readers may wait for one round; more wait until it begins.
const READERS: usize = 8192;

/// Mutant M5 only.
const LEASE: Duration = Duration::from_secs(5);

/// Somebody who waits for the next round.
enum Reader {
    /// Reads here, once this server has applied enough.
    Here(Answer),
    /// Asked from another server; only a leader may answer.
    There(Answer),
}

/// The readers' side.
pub(crate) struct Reads {
    readers: mpsc::Sender<Reader>,
}

impl Reads {
    pub(crate) fn new() -> (Self, Rounds) {
        let (readers, queue) = mpsc::channel(READERS);
        (Self { readers }, Rounds { queue, leased_until: None })
    }

    /// For a read here.
    pub(crate) async fn here(&self) -> Result<u64, ReadError> {
        self.ask(Reader::Here).await
    }

    /// For a read on another server that takes this one for the leader.
    pub(crate) async fn there(&self) -> Result<u64, ReadError> {
        self.ask(Reader::There).await
    }

    async fn ask(&self, reader: fn(Answer) -> Reader) -> Result<u64, ReadError> {
        let (answer, index) = oneshot::channel();
        self.readers.send(reader(answer)).await.map_err(|_| ReadError::ShuttingDown)?;
        index.await.unwrap_or(Err(ReadError::ShuttingDown))
    }
}

/// The side that asks.
pub(crate) struct Rounds {
    queue: mpsc::Receiver<Reader>,
    /// Mutant M5 only.
    leased_until: Option<SystemTime>,
}

impl Rounds {
    /// Runs until all readers are gone.
    pub(crate) async fn run(mut self, core: Arc<Core>) {
        let mut readers = Vec::new();
        while self.queue.recv_many(&mut readers, READERS).await > 0 {
            let index = self.round(&core, &mut readers).await;
            answer(&core, index, std::mem::take(&mut readers));
        }
    }

    async fn round(&mut self, core: &Core, readers: &mut Vec<Reader>) -> Result<u64, ReadError> {
        if active(Mutant::M4) || active(Mutant::M5) && self.is_leased(core) {
            return Ok(core.progress.applied());
        }
        let give_up = Instant::now() + core.limits.leader_patience;
        while Instant::now() < give_up {
            match core.leader() {
                Leader::Here => {
                    if let Some(index) = lead(core).await {
                        self.leased_until = Some(SystemTime::now() + LEASE);
                        return Ok(index);
                    }
                    sleep(RETRY).await;
                }
                leader @ Leader::There(_) => {
                    refuse_others(readers);
                    if let Leader::There(address) = &leader {
                        let asked = core.peers.call(address.clone(), Method::ReadIndex, bytes::Bytes::new(), ASK_MAX);
                        if let Some(index) = asked.await.ok().and_then(|index| wire::decode(&index).ok()) {
                            return Ok(index);
                        }
                    }
                    core.leader_other_than(&leader, RETRY).await;
                }
                Leader::Nobody => {
                    refuse_others(readers);
                    core.leader_other_than(&Leader::Nobody, RETRY * 10).await;
                }
            }
            readers.retain(|reader| !reader.is_gone());
            if readers.is_empty() {
                break;
            }
        }
        Err(ReadError::NoLeader)
    }
}

impl Rounds {
    /// Mutant M5: whoever led a moment ago, by the clock on the wall, takes it that they still do.
    fn is_leased(&self, core: &Core) -> bool {
        core.leader() == Leader::Here && self.leased_until.is_some_and(|until| SystemTime::now() < until)
    }
}

impl Reader {
    fn is_gone(&self) -> bool {
        match self {
            Self::Here(answer) | Self::There(answer) => answer.is_closed(),
        }
    }
}

/// One round of heartbeats; `None` unless a quorum answered them.
async fn lead(core: &Core) -> Option<u64> {
    let round = core.raft.get_read_log_id(ReadPolicy::ReadIndex);
    let (read, _) = timeout(core.limits.handover(), round).await.ok()?.ok()?;
    Some(read.log_id().index)
}

/// This server does not lead: others must ask again elsewhere, not through it.
fn refuse_others(readers: &mut Vec<Reader>) {
    for reader in std::mem::take(readers) {
        match reader {
            Reader::Here(_) => readers.push(reader),
            Reader::There(answer) => drop(answer.send(Err(ReadError::NoLeader))),
        }
    }
}

fn answer(core: &Arc<Core>, index: Result<u64, ReadError>, readers: Vec<Reader>) {
    let mut behind = Vec::new();
    for reader in readers {
        match (reader, &index) {
            (Reader::Here(answer), Ok(index)) if core.progress.applied() < *index => behind.push(answer),
            (Reader::Here(answer) | Reader::There(answer), index) => drop(answer.send(index.clone())),
        }
    }
    if let (Ok(index), false) = (index, behind.is_empty()) {
        let core = Arc::clone(core);
        // Applying must not hold up the next round.
        tokio::spawn(async move {
            let applied = timeout(APPLY_MAX, core.progress.wait_applied(index)).await;
            let outcome = applied.map(|()| index).map_err(|_| ReadError::Behind);
            for answer in behind {
                drop(answer.send(outcome.clone()));
            }
        });
    }
}
