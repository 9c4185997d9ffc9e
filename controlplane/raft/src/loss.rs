//! What a follower does when its leader's stream breaks.
//!
//! ```text
//! stream ends ─> does anybody listen there? ─no─> the lease is off ─> pre-vote, in turn
//! ```
//!
//! The connections of a process that is killed break at once and its port refuses new ones, long before
//! anybody misses a heartbeat. Whoever has seen that need not wait out the lease of a leader that is gone.
//! A host that does not answer at all may be cut off only: its lease counts. Nobody leads without a quorum
//! that has seen the same, and reads never rely on a lease.

use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::raft::TransferLeaderRequest;
use tokio::time::sleep;

use crate::core::Core;
use crate::transport::PeerAddress;
use crate::types::{Metrics, Vote};

/// The followers try one after another, this far apart, so that they do not split the votes. Enough for
/// an election on disks that sync in some milliseconds; where it was not, their next turns come.
const TURN: Duration = Duration::from_millis(80);

/// How long a process that ends may take to close what it had open.
const CLOSING: Duration = Duration::from_millis(20);

/// How often each tries. After that the usual election timeout counts.
const TRIES: usize = 12;

/// Held by a stream of log entries that another server sends. Dropped when the stream ends.
pub(crate) struct Watchman {
    core: Arc<Core>,
    from: u64,
}

impl Watchman {
    pub(crate) fn new(core: Arc<Core>, from: u64) -> Self {
        Self { core, from }
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        if self.core.stop.is_cancelled() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(look(Arc::clone(&self.core), self.from));
        }
    }
}

/// A leader that is followed.
struct Followed {
    vote: Vote,
    address: PeerAddress,
    /// This server's place among those who may follow it, from 0.
    place: u32,
    voters: u32,
}

async fn look(core: Arc<Core>, from: u64) {
    let Some(followed) = followed(&core, from) else { return };
    if !is_gone(&core, &followed.address).await {
        return;
    }
    tracing::info!(server = from, "the leader's process has ended");
    let mut pause = TURN * followed.place + TURN / 8;
    for _ in 0..TRIES {
        release(&core, &followed.vote, from).await;
        sleep(pause).await;
        if is_followed_up(&core, &followed.vote) || core.raft.trigger().elect(true).await.is_err() {
            return;
        }
        pause = TURN * followed.voters;
    }
}

/// Asked twice: a process that ends does not close everything in one moment.
async fn is_gone(core: &Core, leader: &PeerAddress) -> bool {
    if core.peers.is_gone(leader.clone()).await {
        return true;
    }
    sleep(CLOSING).await;
    core.peers.is_gone(leader.clone()).await
}

/// Lets go of the lease that this leader was given. Said to be for another server, the request does
/// nothing else; when somebody else has been voted for, nothing at all.
async fn release(core: &Core, vote: &Vote, leader: u64) {
    // Raft has ended, which the next look at it shows.
    drop(core.raft.handle_transfer_leader(TransferLeaderRequest::new(*vote, leader, None)).await);
}

/// Whether somebody leads again. Candidates that have split the votes go on in turn.
fn is_followed_up(core: &Core, vote: &Vote) -> bool {
    let now = core.raft.metrics().borrow_watched().vote;
    now.committed && now != *vote || core.stop.is_cancelled()
}

/// The leader of that number, if this server follows it and may take its place.
fn followed(core: &Core, leader: u64) -> Option<Followed> {
    let metrics = core.raft.metrics();
    let metrics = metrics.borrow_watched();
    let (place, voters) = place(&metrics, core.id, leader)?;
    let server = metrics.membership_config.get_node(&leader)?;
    let address = core.peers.address(leader, &server.address);
    Some(Followed { vote: metrics.vote, address, place, voters })
}

fn place(metrics: &Metrics, id: u64, leader: u64) -> Option<(u32, u32)> {
    if metrics.current_leader != Some(leader) || leader == id || !metrics.vote.committed {
        return None;
    }
    let heirs: Vec<u64> = metrics.membership_config.voter_ids().filter(|voter| *voter != leader).collect();
    let place = heirs.iter().position(|heir| *heir == id)?;
    Some((u32::try_from(place).ok()?, u32::try_from(heirs.len()).ok()?))
}
