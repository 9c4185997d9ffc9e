//! What servers say to each other before they trust each other with a log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_model::Timestamp;
use weft_raft::Server;

use super::identity::Pledge;

/// The version of these messages.
pub(super) const PROTOCOL: u32 = 1;

/// Who a server is and what it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Hello {
    pub(super) protocol: u32,
    pub(super) raft_id: u64,
    pub(super) server: Server,
    pub(super) datacenter: String,
    pub(super) version: String,
    /// Its wall clock.
    pub(super) time: Timestamp,
    /// Drawn at each start.
    pub(super) nonce: u64,
    /// The count on its disk; see [`Identity::count`](super::identity::Identity::count).
    pub(super) count: u64,
    /// The cluster that it belongs to.
    pub(super) cluster: Option<String>,
    /// Its log holds the cluster's membership.
    pub(super) initialized: bool,
    /// How many servers it wants to found a cluster; 0: it founds none.
    pub(super) expect: u32,
    pub(super) pledge: Option<Pledge>,
    /// Counts its foundings, given up ones twice.
    pub(super) attempt: u64,
    /// It takes part in its cluster: this start of it has been looked at.
    pub(super) settled: bool,
    /// The last entry of its log.
    pub(super) last_log: u64,
}

impl Hello {
    /// Its number, and how it is to be placed.
    pub(super) fn placed(&self) -> (u64, Server) {
        (self.raft_id, self.server.clone())
    }
}

/// What a server asks of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Question {
    /// Who are you?
    Greet,
    /// Who are you? An operator wants the two of us in one cluster.
    Invite,
    /// Do you promise to belong to this cluster and no other?
    Pledge(Pledge),
    /// Will you have me? Passed on to whoever leads.
    Join,
}

/// A question with who asks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) hello: Hello,
    pub(super) question: Question,
}

/// The answer to all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) hello: Hello,
    pub(super) verdict: Verdict,
    /// The servers that the answering one has heard of lately.
    pub(super) known: BTreeMap<u64, Server>,
    /// How the question itself went.
    pub(super) outcome: Outcome,
}

/// What the answering server thinks of the asking one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    /// Nothing speaks against it.
    Fine,
    /// It is being looked into.
    #[default]
    Pending,
    /// It must not take part, and why.
    Refused(Refused),
}

/// Why a server must not take part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) kind: Kind,
}

/// What a refusal means to the refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The two have nothing to do with each other. Others may know it.
    Foreign,
    /// It must not start like this.
    Mendable,
    /// It must not start with this disk.
    Lasting,
    /// It is not in the cluster any more.
    Removed,
}

/// How a question went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// Only a greeting, or the verdict says it all.
    #[default]
    Nothing,
    /// Pledged to somebody else, or not free to. That it has pledged itself is in its hello.
    NotPledged,
    /// The asking server is now in this cluster.
    Joined(String),
    /// Ask again.
    NotNow(String),
}
