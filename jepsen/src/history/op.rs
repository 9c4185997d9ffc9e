//! One operation of one process.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An operation as the client saw it. Times are nanoseconds of the harness's monotonic clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    pub index: u64,
    /// A process has one operation at a time; after an [`Outcome::Info`] it never speaks again.
    pub process: u64,
    /// `workload.call`, e.g. `register.cas`.
    pub kind: String,
    pub key: String,
    pub input: Value,
    pub invoke_ns: u64,
    /// `None`: it may take effect at any later time.
    pub return_ns: Option<u64>,
    pub outcome: Outcome,
    pub server: String,
    pub term: Option<u64>,
    /// The index that the answer announced (`X-Consul-Index`, or that of a transaction's results).
    pub log_index: Option<u64>,
}

/// What the client learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A whole valid answer.
    Ok(Value),
    /// It provably never took effect.
    Fail(String),
    /// It may or may not have taken effect, now or later.
    Info(String),
}

impl Op {
    /// The workload that this operation belongs to: `register` of `register.cas`.
    #[must_use]
    pub fn workload(&self) -> &str {
        self.kind.split('.').next().unwrap_or_default()
    }

    /// The call within the workload: `cas` of `register.cas`.
    #[must_use]
    pub fn call(&self) -> &str {
        self.kind.split_once('.').map_or("", |(_, call)| call)
    }

    /// The answer, if there was one.
    #[must_use]
    pub fn ok(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Ok(value) => Some(value),
            Outcome::Fail(_) | Outcome::Info(_) => None,
        }
    }

    /// Whether it provably never took effect.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Fail(_))
    }

    /// Whether nobody knows if it took effect.
    #[must_use]
    pub fn doubtful(&self) -> bool {
        matches!(self.outcome, Outcome::Info(_))
    }

    /// When it was over: never, for a doubtful one.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.return_ns.unwrap_or(u64::MAX)
    }
}
