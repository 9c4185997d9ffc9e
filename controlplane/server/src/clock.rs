//! The one clock of the agent, read by those who propose.

use std::time::{SystemTime, UNIX_EPOCH};

use weft_model::Timestamp;

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(since)
}
