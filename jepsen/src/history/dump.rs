//! What servers said about themselves, and what their processes looked like from outside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer of `GET /v1/weft/debug/raft`, a line of `dumps/<server>.jsonl`. Everything that a
/// server may leave out is optional; what is there must be right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dump {
    /// When the answer was whole.
    pub ns: u64,
    pub server: String,
    /// Counts starts of the process: a restart may forget what was never durable.
    pub boot: u64,
    /// The data dir was wiped or an old one put back before this boot: nothing carries over.
    pub fresh: bool,
    pub body: Value,
}

/// A place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogId {
    pub term: u64,
    pub index: u64,
}

impl Dump {
    /// A number of the document, e.g. `Term`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.body.get(key).and_then(Value::as_u64)
    }

    /// A text of the document, e.g. `Cluster`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str)
    }

    /// Whether it leads, as far as it knows.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.text("Role") == Some("Leader")
    }

    /// The end of its log.
    #[must_use]
    pub fn last(&self) -> Option<LogId> {
        Some(LogId { term: self.number("LastLogTerm")?, index: self.number("LastLogIndex")? })
    }

    /// The end of its log, when all of that is committed: the one place whose term the document tells.
    #[must_use]
    pub fn committed(&self) -> Option<LogId> {
        self.last().filter(|last| last.index > 0 && self.number("CommitIndex") == Some(last.index))
    }

    /// The ids of the members that it knows.
    #[must_use]
    pub fn members(&self) -> Option<Vec<u64>> {
        let members = self.body.get("Members")?.as_array()?;
        members.iter().map(|member| member.get("ID")?.as_u64()).collect()
    }

    /// The state hash and the index that it belongs to.
    #[must_use]
    pub fn state_hash(&self) -> Option<(u64, &str)> {
        Some((self.number("StateIndex")?, self.text("StateHash")?))
    }
}

/// A look at a process from outside, a line of `samples.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    pub ns: u64,
    pub server: String,
    pub boot: u64,
    pub fds: Option<u64>,
    pub rss_bytes: Option<u64>,
    pub threads: Option<u64>,
    /// Runtime tasks, from the server's own dump.
    pub tasks: Option<u64>,
    pub disk_bytes: Option<u64>,
    /// How long its threads have run and how long they have waited for a processor, since they began.
    pub run_ns: Option<u64>,
    pub wait_ns: Option<u64>,
    /// How long the harness's own small sync took on the same machine just then.
    pub sync_us: Option<u64>,
}

/// How a process ended, a line of `exits.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exit {
    pub ns: u64,
    pub server: String,
    pub boot: u64,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Whether the harness wanted or allowed this end (a kill, a failed disk).
    pub expected: bool,
    pub why: String,
}

/// Something that is no outcome of an operation, a line of `markers.jsonl`. Any marker keeps the run from
/// being green.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    pub ns: u64,
    pub kind: MarkerKind,
    pub what: String,
    #[serde(default)]
    pub detail: BTreeMap<String, Value>,
}

/// Whose fault a marker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkerKind {
    /// The harness failed: the run says nothing.
    Harness,
    /// The system answered with a status or a shape that the promise does not know.
    Unexpected,
}
