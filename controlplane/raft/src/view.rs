//! The cluster as this server sees it, from openraft's metrics.

use std::time::Duration;

use openraft::Instant as _;
use openraft::async_runtime::WatchReceiver;

use crate::core::Core;
use crate::member::{ClusterState, Contact, Member, Server};
use crate::membership::silence;
use crate::status::Status;
use crate::types::Metrics;

pub(crate) fn cluster(core: &Core) -> ClusterState {
    let metrics = core.raft.metrics();
    let metrics = metrics.borrow_watched();
    let status = Status::new(&metrics, &core.progress, &core.peers);
    let (last, purged) = core.disk().map_or((None, None), |disk| disk.log.ends());
    let last = last.max(purged).max(metrics.snapshot);
    let members = &metrics.membership_config;
    ClusterState {
        initialized: last.is_some() || status.term > 0,
        voted_for: (status.term > 0).then_some(metrics.vote.leader_id.voted_for),
        vote_committed: metrics.vote.committed,
        members: members.nodes().map(|(id, server)| member(core, &metrics, *id, server)).collect(),
        config_index: members.log_id().map_or(0, |log_id| log_id.index),
        leads_for: core.led.lock().map(|(_, since)| since.elapsed()),
        changing: members.get_joint_config().len() > 1
            || members.log_id() != metrics.committed_membership_config.log_id(),
        last_log_term: last.map_or(0, |last| last.leader_id.term),
        last_log_index: last.map_or(0, |last| last.index),
        status,
    }
}

fn member(core: &Core, metrics: &Metrics, id: u64, server: &Server) -> Member {
    let here = id == core.id && metrics.state.is_leader();
    let matched = metrics.replication.as_ref().and_then(|replication| *replication.get(&id)?);
    Member {
        id,
        server: Server { address: core.peers.address(id, &server.address).address, ..server.clone() },
        recorded_address: server.address.clone(),
        voter: metrics.membership_config.voter_ids().any(|voter| voter == id),
        leader: metrics.current_leader == Some(id),
        last_contact: if here { Some(Duration::ZERO) } else { silence(metrics, id) },
        matched: if here { metrics.last_log_index } else { matched.map(|matched| matched.index) },
    }
}

/// A leader counts as known while it has shown within two election timeouts that it works: to a
/// follower by a message, to itself by the answers of its quorum.
pub(crate) fn contact(core: &Core) -> Contact {
    // Before the metrics are borrowed: a second borrow waits for a writer that waits for the first.
    let alone = core.decides_alone();
    let metrics = core.raft.metrics();
    let metrics = metrics.borrow_watched();
    let longest = core.limits.election_timeout * 2;
    let leads = metrics.state.is_leader();
    let silence = match (&metrics.last_quorum_acked, leads) {
        (_, true) if alone => Duration::ZERO,
        (Some(acked), true) => acked.elapsed(),
        (None, true) => longest,
        (_, false) => core.heard.silence(),
    };
    let known_leader = metrics.current_leader.is_some() && silence < longest;
    let last_contact = if leads && known_leader { Duration::ZERO } else { silence };
    Contact { leader: metrics.current_leader, known_leader, last_contact }
}
