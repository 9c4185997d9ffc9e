//! Log entries and the few other records as bytes.
//!
//! ```text
//! entry:  version 1 | kind 1 | term 8 | payload
//! record: version 1 | MessagePack with field names
//! ```
//!
//! No checksum of our own: RocksDB keeps one on each record of its write-ahead log and on each
//! block of its tables, and checks it on every read and at recovery. A second one would cover the
//! same bytes on the same disk.

use std::io;

use bytes::Bytes;
use openraft::EntryPayload;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::request::Request;
use crate::types::{Entry, LeaderId, LogId, Payload};

const VERSION: u8 = 1;
const HEADER: usize = 10;

const BLANK: u8 = 0;
const NORMAL: u8 = 1;
const MEMBERSHIP: u8 = 2;

pub(crate) fn encode_entry(entry: &Entry) -> io::Result<Vec<u8>> {
    let kind = match &entry.payload {
        EntryPayload::Blank => BLANK,
        EntryPayload::Normal(_) => NORMAL,
        EntryPayload::Membership(_) => MEMBERSHIP,
    };
    let payload = if let EntryPayload::Normal(request) = &entry.payload { request.encoded().len() } else { 0 };
    let mut buffer = Vec::with_capacity(HEADER + payload);
    buffer.extend_from_slice(&[VERSION, kind]);
    buffer.extend_from_slice(&entry.log_id.leader_id.term.to_be_bytes());
    match &entry.payload {
        EntryPayload::Blank => {}
        EntryPayload::Normal(request) => buffer.extend_from_slice(request.encoded()),
        EntryPayload::Membership(membership) => {
            rmp_serde::encode::write_named(&mut buffer, membership).map_err(io::Error::other)?;
        }
    }
    Ok(buffer)
}

pub(crate) fn decode_entry(index: u64, value: &[u8]) -> io::Result<Entry> {
    let (log_id, kind) = header(index, value)?;
    let payload = match kind {
        BLANK => Payload::Blank,
        NORMAL => Payload::Normal(Request::from_encoded(Bytes::copy_from_slice(&value[HEADER..]))),
        MEMBERSHIP => Payload::Membership(
            rmp_serde::from_slice(&value[HEADER..])
                .map_err(|error| invalid(format!("membership in entry {}: {error}", log_id.index)))?,
        ),
        kind => return Err(invalid(format!("entry {} has the unknown kind {kind}", log_id.index))),
    };
    Ok(Entry { log_id, payload })
}

/// Whether an encoded entry is a membership.
pub(super) fn is_membership(value: &[u8]) -> bool {
    value.get(1) == Some(&MEMBERSHIP)
}

pub(super) fn decode_log_id(index: u64, value: &[u8]) -> io::Result<LogId> {
    header(index, value).map(|(log_id, _)| log_id)
}

fn header(index: u64, value: &[u8]) -> io::Result<(LogId, u8)> {
    let Some((&[version, kind, ref term @ ..], _)) = value.split_first_chunk::<HEADER>() else {
        return Err(invalid(format!("entry {index} has only {} bytes", value.len())));
    };
    if version != VERSION {
        return Err(invalid(format!("entry {index} has format {version}, known is {VERSION}")));
    }
    Ok((LogId::new(LeaderId::new(u64::from_be_bytes(*term)), index), kind))
}

pub(crate) fn encode_record(record: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, record).map_err(io::Error::other)?;
    Ok(bytes)
}

pub(crate) fn decode_record<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> io::Result<T> {
    match bytes.split_first() {
        Some((&VERSION, body)) => {
            rmp_serde::from_slice(body).map_err(|error| invalid(format!("record {name:?}: {error}")))
        }
        Some((version, _)) => Err(invalid(format!("record {name:?} has format {version}, known is {VERSION}"))),
        None => Err(invalid(format!("record {name:?} is empty"))),
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use openraft::Membership;

    use super::*;
    use crate::testing::{entry, log_id};

    fn round(entry: &Entry) -> io::Result<Entry> {
        decode_entry(entry.log_id.index, &encode_entry(entry)?)
    }

    #[test]
    fn every_kind_of_entry_reads_back() {
        let membership = Membership::new_with_defaults(vec![BTreeSet::from([1, 2, 3])], [4]);
        let payloads = [Payload::Blank, entry(1, 1).payload, Payload::Membership(membership)];
        for payload in payloads {
            let entry = Entry { log_id: log_id(7, 300), payload };
            let back = round(&entry).unwrap();
            assert_eq!(back.log_id, entry.log_id);
            let serialized = |entry: &Entry| rmp_serde::to_vec(&entry.payload).unwrap();
            assert_eq!(serialized(&back), serialized(&entry));
        }
    }

    #[test]
    fn unknown_bytes_are_named() {
        let error = |value: &[u8]| decode_entry(5, value).unwrap_err().to_string();
        assert_eq!(error(&[1, 0, 0]), "entry 5 has only 3 bytes");
        assert_eq!(error(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "entry 5 has format 2, known is 1");
        assert_eq!(error(&[1, 8, 0, 0, 0, 0, 0, 0, 0, 1]), "entry 5 has the unknown kind 8");
    }
}
