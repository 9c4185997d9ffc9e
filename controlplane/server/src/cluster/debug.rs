//! What the tests of the cluster look at, beyond what people are told.

use std::fs;

use serde_json::{Value, json};
use weft_raft::{ClusterState, Member};
use weft_state::State;

use crate::formation::Standing;

/// One document of everything.
pub(super) fn document(raft_id: u64, cluster: &ClusterState, standing: &Standing, state: &State) -> Value {
    let status = &cluster.status;
    json!({
        "ID": raft_id,
        "Cluster": standing.cluster,
        "Settled": standing.settled,
        "Role": format!("{:?}", status.role),
        "Term": status.term,
        "VotedFor": cluster.voted_for,
        "VoteCommitted": cluster.vote_committed,
        "Leader": status.leader,
        "LastLogTerm": cluster.last_log_term,
        // Looked at after what is committed.
        "LastLogIndex": cluster.last_log_index,
        // Raft counts committed entries that are still on their way into the log.
        "CommitIndex": status.commit_index.min(cluster.last_log_index),
        "AppliedIndex": status.applied_index,
        "SnapshotIndex": status.last_snapshot_index,
        "StateIndex": state.index(),
        "StateHash": state.hash().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "ConfigIndex": cluster.config_index,
        "Changing": cluster.changing,
        "Members": cluster.members.iter().map(member).collect::<Vec<_>>(),
        "Tasks": tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        "OpenFiles": open_files(),
        "ResidentBytes": resident_bytes(),
    })
}

fn member(member: &Member) -> Value {
    json!({
        "ID": member.id,
        "Name": member.server.name,
        "ServerID": member.server.server_id,
        "Address": member.server.address,
        "Voter": member.voter,
        "Leader": member.leader,
        "LastContactMs": member.last_contact.map(|contact| u64::try_from(contact.as_millis()).unwrap_or(u64::MAX)),
        "Matched": member.matched,
    })
}

fn open_files() -> Option<usize> {
    fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
