//! The texts of refusals: what is wrong, and what to do. "This server" is the one that reads them.

use weft_raft::Server;

use super::hello::{Kind, Refused};

pub(super) fn datacenter(theirs: &str, ours: &str) -> Refused {
    foreign(format!(
        "this server is in datacenter {theirs:?}, the one at the other end in {ours:?}: \
         mend --datacenter or --retry-join"
    ))
}

pub(super) fn cluster(theirs: &str, ours: &str) -> Refused {
    foreign(format!(
        "this server belongs to cluster {theirs}, the one at the other end to cluster {ours}: mend --retry-join, or, \
         if what this server has is not needed, start it on an empty --data-dir"
    ))
}

pub(super) fn protocol(theirs: u32, ours: u32) -> Refused {
    foreign(format!(
        "this server speaks version {theirs} of the protocol between servers, the other one version {ours}: upgrade one"
    ))
}

pub(super) fn clock(seconds: i64) -> Refused {
    let way = if seconds > 0 { "ahead of" } else { "behind" };
    mendable(format!("this server's clock is {} s {way} the cluster's: set it", seconds.abs()))
}

pub(super) fn copied(other: &Server) -> Refused {
    mendable(format!(
        "a server with the same identity is alive at {}: a data directory must not be copied; \
         start this one on an empty --data-dir",
        other.address
    ))
}

pub(super) fn same_name(other: &Server) -> Refused {
    mendable(format!(
        "the server at {} is alive and called {:?} too: give this one another --node",
        other.address, other.name
    ))
}

pub(super) fn same_node_id(other: &Server) -> Refused {
    mendable(format!(
        "the server at {} is alive and has the same node id: give this one its own node_id",
        other.address
    ))
}

pub(super) fn old_disk(known: &str, found: &str) -> Refused {
    lasting(format!(
        "this server's data directory is an older copy: {known}, here {found}. It must not vote with it. \
         Start it once with --rejoin-as-new, which empties the directory and joins as a new server"
    ))
}

pub(super) fn removed() -> Refused {
    let why = "this server was removed from its cluster. Start it once with --rejoin-as-new, which empties its data \
               directory and joins as a new server";
    Refused { why: why.to_owned(), kind: Kind::Removed }
}

fn foreign(why: String) -> Refused {
    Refused { why, kind: Kind::Foreign }
}

fn mendable(why: String) -> Refused {
    Refused { why, kind: Kind::Mendable }
}

fn lasting(why: String) -> Refused {
    Refused { why, kind: Kind::Lasting }
}
