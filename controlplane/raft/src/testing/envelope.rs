//! What is in a log entry, for those who look at disks.

use std::io;
use std::sync::Arc;

use openraft::EntryPayload;
use weft_model::Envelope;

use crate::log_store::decode_entry;

/// The command in an encoded entry; nothing in those that Raft writes for itself.
///
/// # Errors
/// The entry or its command is not understood.
pub fn envelope(index: u64, entry: &[u8]) -> io::Result<Option<Arc<Envelope>>> {
    match decode_entry(index, entry)?.payload {
        EntryPayload::Normal(request) => request.envelope().map(Some),
        EntryPayload::Blank | EntryPayload::Membership(_) => Ok(None),
    }
}
