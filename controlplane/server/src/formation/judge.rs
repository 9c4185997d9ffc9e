//! Whether another server may take part, by what it says of itself and what is known of it. Pure.

use weft_model::NodeName;
use weft_raft::Server;

use super::hello::{Hello, PROTOCOL, Refused};
use super::identity::Count;
use super::machine::View;
use super::refusal;

/// The most by which clocks may differ.
const CLOCK_MAX_SECONDS: i64 = 30;

/// What must fit whoever of the two is older.
pub(super) fn fits(theirs: &Hello, ours: &Hello) -> Result<(), Refused> {
    if theirs.protocol != PROTOCOL {
        return Err(refusal::protocol(theirs.protocol, PROTOCOL));
    }
    if theirs.datacenter != ours.datacenter {
        return Err(refusal::datacenter(&theirs.datacenter, &ours.datacenter));
    }
    match (&theirs.cluster, &ours.cluster) {
        (Some(theirs), Some(ours)) if theirs != ours => Err(refusal::cluster(theirs, ours)),
        _ => Ok(()),
    }
}

/// Whether it calls itself what we call ourselves.
pub(super) fn is_not_us(theirs: &Hello, ours: &Hello) -> Result<(), Refused> {
    if theirs.raft_id == ours.raft_id {
        return Err(refusal::copied(&ours.server));
    }
    names(&theirs.server, &ours.server)
}

/// Two servers that are both alive have neither name nor node id in common.
pub(super) fn names(theirs: &Server, other: &Server) -> Result<(), Refused> {
    let name = NodeName::from(&theirs.name);
    if name == *other.name.as_str() {
        return Err(refusal::same_name(other));
    }
    if theirs.server_id == other.server_id {
        return Err(refusal::same_node_id(other));
    }
    Ok(())
}

/// A server that is not in a cluster yet must not bring a wrong time into it.
pub(super) fn clock(theirs: &Hello, ours: &Hello) -> Result<(), Refused> {
    let seconds = (theirs.time.0 - ours.time.0) / 1_000_000_000;
    if theirs.initialized || seconds.abs() <= CLOCK_MAX_SECONDS {
        return Ok(());
    }
    Err(refusal::clock(seconds))
}

/// Whether a server that starts has forgotten what it is known to have had: starts, minutes, entries.
/// Whoever takes part already is always ahead of what it said.
pub(super) fn memory(theirs: &Hello, last: Count, view: &View) -> Result<(), Refused> {
    if theirs.settled {
        return Ok(());
    }
    // A start counts on the disk before anybody hears of it, so no two starts have the same count.
    let again = theirs.count == last.count && theirs.nonce != last.nonce && last.count > 0;
    if theirs.count < last.count || again {
        let known = format!("the others have seen it at start or minute {}", last.count);
        return Err(refusal::old_disk(&known, &format!("it is before {}", theirs.count)));
    }
    let matched = view.members.get(&theirs.raft_id).and_then(|member| member.matched).unwrap_or(0);
    if theirs.last_log < matched {
        let (known, found) =
            (format!("it has had log entry {matched}"), format!("the log ends at {}", theirs.last_log));
        return Err(refusal::old_disk(&known, &found));
    }
    Ok(())
}

/// Whoever leads knows who belongs to the cluster, and everybody who was taken out of it.
pub(super) fn membership(theirs: &Hello, view: &View) -> Result<(), Refused> {
    let is_member = view.members.contains_key(&theirs.raft_id);
    let knows = view.leads && !view.changing;
    let is_out = view.retired.contains(&theirs.raft_id) || knows && theirs.initialized;
    if is_out && !is_member { Err(refusal::removed()) } else { Ok(()) }
}
