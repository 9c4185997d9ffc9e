//! What other servers ask of this one.
//!
//! ```text
//! Transport's server ─> Desk ─> openraft | raft snapshots | writes | reads | calls to the leader
//! ```
//!
//! The link has made sure who asks. A removed server is refused here: it may not know that it was
//! removed, and must not disturb those that remain.

mod append;
mod propose;
mod snapshot;

use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::calls;
use crate::core::Core;
use crate::reads::Reads;
use crate::transport::{Answers, Caller, Inbound, Method, Refusal};
use crate::wire;

/// The receiving end of all methods but [`Method::Hello`].
pub(crate) struct Desk {
    /// Serving others keeps no server alive.
    core: Weak<Core>,
    reads: Arc<Reads>,
    /// One raft snapshot at a time.
    receiving: Arc<Semaphore>,
}

impl Desk {
    pub(crate) fn new(core: &Arc<Core>, reads: Arc<Reads>) -> Self {
        Self { core: Arc::downgrade(core), reads, receiving: Arc::new(Semaphore::new(1)) }
    }

    fn core(&self) -> Result<Arc<Core>, Refusal> {
        self.core.upgrade().ok_or_else(|| Refusal("this server is stopping".to_owned()))
    }
}

impl Inbound for Desk {
    fn call(&self, from: Caller, method: Method, body: Bytes) -> BoxFuture<'static, Result<Bytes, Refusal>> {
        let (core, reads) = (self.core(), Arc::clone(&self.reads));
        async move {
            let core = core?;
            refuse_removed(&core, from.id)?;
            match method {
                Method::Vote => answer(core.raft.vote(question(&body)?).await),
                Method::PreVote => answer(core.raft.pre_vote(question(&body)?).await),
                Method::TransferLeader => answer(core.raft.handle_transfer_leader(question(&body)?).await),
                Method::ReadIndex => answer(reads.there().await),
                Method::Leader => answer(Ok::<_, Refusal>(calls::serve(&core, question(&body)?).await)),
                Method::Append | Method::Snapshot | Method::Propose | Method::Hello => Err(misplaced(method)),
            }
        }
        .boxed()
    }

    fn stream(
        &self,
        from: Caller,
        method: Method,
        frames: Answers,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Refusal>> {
        let (core, receiving) = (self.core(), Arc::clone(&self.receiving));
        async move {
            let core = core?;
            refuse_removed(&core, from.id)?;
            match method {
                Method::Append => Ok(append::serve(core, from.id, frames)),
                Method::Propose => Ok(propose::serve(core, frames)),
                Method::Snapshot => snapshot::serve(core, receiving, frames),
                Method::Vote
                | Method::PreVote
                | Method::TransferLeader
                | Method::ReadIndex
                | Method::Leader
                | Method::Hello => Err(misplaced(method)),
            }
        }
        .boxed()
    }
}

fn refuse_removed(core: &Core, id: u64) -> Result<(), Refusal> {
    if core.is_removed(id) {
        let why = format!("server {id} was removed from the cluster; add it again under a new id");
        return Err(Refusal(why));
    }
    Ok(())
}

fn question<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    wire::decode(body).map_err(|error| Refusal(format!("not understood: {error}")))
}

fn answer<T: Serialize, E: std::fmt::Display>(answer: Result<T, E>) -> Result<Bytes, Refusal> {
    let answer = answer.map_err(|error| Refusal(error.to_string()))?;
    wire::encode(&answer).map_err(|error| Refusal(error.to_string()))
}

fn misplaced(method: Method) -> Refusal {
    Refusal(format!("{method} is not served in this way"))
}
