//! What the agent's configuration says of requests: how long they wait, how much they may carry.

use std::time::Duration;

use weft_model::Session;

/// Terms of an agent's REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a blocking query waits that does not say so: `default_query_time`.
    pub wait_default: Duration,
    /// And at most: `max_query_time`.
    pub wait_max: Duration,
    /// How far behind the catalog and health may be for who says nothing of it: `discovery_max_stale`.
    pub discovery_max_stale: Option<Duration>,
    /// The shortest time to live of a session: `session_ttl_min`.
    pub session_ttl_min: Duration,
    /// The longest value of a key: `limits.kv_max_value_size`.
    pub value_max_bytes: usize,
    /// The longest body of a transaction: `limits.txn_max_req_len`.
    pub transaction_max_bytes: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            wait_default: Duration::from_secs(300),
            wait_max: Duration::from_secs(600),
            discovery_max_stale: None,
            session_ttl_min: Session::TTL_MIN,
            value_max_bytes: 512 * 1024,
            // A value of that size fits, and the text around it.
            transaction_max_bytes: 1024 * 1024,
        }
    }
}

/// How much of a body an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Most {
    Bytes(usize),
    /// As much as the terms say of a key's value.
    Value,
    /// As much as they say of a transaction.
    Transaction,
}

impl Most {
    pub(crate) fn bytes(self, terms: &Terms) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Value => terms.value_max_bytes,
            Self::Transaction => terms.transaction_max_bytes,
        }
    }
}
