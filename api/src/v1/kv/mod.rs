//! `/v1/kv`: keys and values.

mod read;
mod write;

pub(crate) use read::get;
pub(crate) use write::{delete, put};

use crate::call::Call;
use crate::refusal::Refusal;

/// Refuses requests that hold two of these parameters: each of them says what to do.
fn refuse_conflicts(call: &Call, names: &[&str]) -> Result<(), Refusal> {
    if names.iter().filter(|name| call.query.has(name)).count() < 2 {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("Conflicting flags: {}", call.query.encode())))
}
