//! The bodies of messages between servers.
//!
//! ```text
//! small ones: 1 | MessagePack with field names
//! append:     2 | vote 17 | previous log id | commit log id | count 4 | entries
//! entry:      term 8 | index 8 | kind 1 | length 4 | payload
//! ```
//!
//! Log entries are most of what servers tell each other, so they have a form of their own: their
//! commands are copied once into a frame, and not at all out of it. Numbers are big-endian.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use openraft::EntryPayload;
use openraft::raft::{AppendEntriesRequest, StreamAppendError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::request::Request;
use crate::types::{Entry, LeaderId, LogId, Payload, Types, Vote};

const NAMED: u8 = 1;
const APPEND: u8 = 2;

const BLANK: u8 = 0;
const NORMAL: u8 = 1;
const MEMBERSHIP: u8 = 2;

/// What a follower says to one append: up to where its log is now the leader's, or why not.
pub(crate) type Appended = Result<Option<LogId>, StreamAppendError<Types>>;

pub(crate) fn encode(message: &impl Serialize) -> io::Result<Bytes> {
    let mut bytes = vec![NAMED];
    rmp_serde::encode::write_named(&mut bytes, message).map_err(io::Error::other)?;
    Ok(bytes.into())
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match bytes.split_first() {
        Some((&NAMED, body)) => rmp_serde::from_slice(body).map_err(|error| invalid(error.to_string())),
        Some((format, _)) => Err(invalid(format!("message format {format} is not known"))),
        None => Err(invalid("an empty message".to_owned())),
    }
}

pub(crate) fn encode_append(request: &AppendEntriesRequest<Types>) -> io::Result<Bytes> {
    let sizes: usize = request.entries.iter().map(size).sum();
    let mut frame = BytesMut::with_capacity(64 + sizes);
    frame.put_u8(APPEND);
    frame.put_u64(request.vote.leader_id.term);
    frame.put_u64(request.vote.leader_id.voted_for);
    frame.put_u8(u8::from(request.vote.committed));
    put_log_id(&mut frame, request.prev_log_id);
    put_log_id(&mut frame, request.leader_commit);
    frame.put_u32(request.entries.len() as u32);
    for entry in &request.entries {
        put_entry(&mut frame, entry)?;
    }
    Ok(frame.freeze())
}

pub(crate) fn decode_append(mut frame: Bytes) -> io::Result<AppendEntriesRequest<Types>> {
    let format = frame.try_get_u8().map_err(short)?;
    if format != APPEND {
        return Err(invalid(format!("append format {format} is not known")));
    }
    let (term, node) = (frame.try_get_u64().map_err(short)?, frame.try_get_u64().map_err(short)?);
    let mut vote = Vote::new(term, node);
    vote.committed = frame.try_get_u8().map_err(short)? == 1;
    let prev_log_id = get_log_id(&mut frame)?;
    let leader_commit = get_log_id(&mut frame)?;
    let count = frame.try_get_u32().map_err(short)?;
    // Each entry takes some bytes: a wrong count must not reserve what is not there.
    let mut entries = Vec::with_capacity((count as usize).min(frame.len()));
    for _ in 0..count {
        entries.push(get_entry(&mut frame)?);
    }
    Ok(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
}

pub(crate) fn encode_appended(answer: &Appended) -> Bytes {
    let mut frame = BytesMut::with_capacity(32);
    frame.put_u8(APPEND);
    match answer {
        Ok(log_id) => {
            frame.put_u8(0);
            put_log_id(&mut frame, *log_id);
        }
        Err(StreamAppendError::Conflict(log_id)) => {
            frame.put_u8(1);
            put_log_id(&mut frame, Some(*log_id));
        }
        Err(StreamAppendError::HigherVote(vote)) => {
            frame.put_u8(2);
            frame.put_u64(vote.leader_id.term);
            frame.put_u64(vote.leader_id.voted_for);
            frame.put_u8(u8::from(vote.committed));
        }
    }
    frame.freeze()
}

pub(crate) fn decode_appended(mut frame: Bytes) -> io::Result<Appended> {
    let format = frame.try_get_u8().map_err(short)?;
    if format != APPEND {
        return Err(invalid(format!("append format {format} is not known")));
    }
    match frame.try_get_u8().map_err(short)? {
        0 => Ok(Ok(get_log_id(&mut frame)?)),
        1 => {
            let log_id = get_log_id(&mut frame)?.ok_or_else(|| invalid("a conflict without a place".to_owned()))?;
            Ok(Err(StreamAppendError::Conflict(log_id)))
        }
        2 => {
            let (term, node) = (frame.try_get_u64().map_err(short)?, frame.try_get_u64().map_err(short)?);
            let mut vote = Vote::new(term, node);
            vote.committed = frame.try_get_u8().map_err(short)? == 1;
            Ok(Err(StreamAppendError::HigherVote(vote)))
        }
        kind => Err(invalid(format!("append answer {kind} is not known"))),
    }
}

fn put_log_id(frame: &mut BytesMut, log_id: Option<LogId>) {
    frame.put_u8(u8::from(log_id.is_some()));
    if let Some(log_id) = log_id {
        frame.put_u64(log_id.leader_id.term);
        frame.put_u64(log_id.index);
    }
}

fn get_log_id(frame: &mut Bytes) -> io::Result<Option<LogId>> {
    if frame.try_get_u8().map_err(short)? == 0 {
        return Ok(None);
    }
    let (term, index) = (frame.try_get_u64().map_err(short)?, frame.try_get_u64().map_err(short)?);
    Ok(Some(LogId::new(LeaderId::new(term), index)))
}

/// About how many bytes an entry takes.
pub(crate) fn size(entry: &Entry) -> usize {
    let payload = match &entry.payload {
        EntryPayload::Blank => 0,
        EntryPayload::Normal(request) => request.encoded().len(),
        EntryPayload::Membership(_) => 512,
    };
    payload + 21
}

fn put_entry(frame: &mut BytesMut, entry: &Entry) -> io::Result<()> {
    frame.put_u64(entry.log_id.leader_id.term);
    frame.put_u64(entry.log_id.index);
    match &entry.payload {
        EntryPayload::Blank => {
            frame.put_u8(BLANK);
            frame.put_u32(0);
        }
        EntryPayload::Normal(request) => {
            frame.put_u8(NORMAL);
            put_bytes(frame, request.encoded());
        }
        EntryPayload::Membership(membership) => {
            frame.put_u8(MEMBERSHIP);
            put_bytes(frame, &rmp_serde::to_vec_named(membership).map_err(io::Error::other)?);
        }
    }
    Ok(())
}

fn get_entry(frame: &mut Bytes) -> io::Result<Entry> {
    let (term, index) = (frame.try_get_u64().map_err(short)?, frame.try_get_u64().map_err(short)?);
    let log_id = LogId::new(LeaderId::new(term), index);
    let kind = frame.try_get_u8().map_err(short)?;
    let bytes = get_bytes(frame)?;
    let payload = match kind {
        BLANK => Payload::Blank,
        NORMAL => Payload::Normal(Request::from_encoded(bytes)),
        MEMBERSHIP => Payload::Membership(
            rmp_serde::from_slice(&bytes).map_err(|error| invalid(format!("membership in entry {index}: {error}")))?,
        ),
        kind => return Err(invalid(format!("entry {index} has the unknown kind {kind}"))),
    };
    Ok(Entry { log_id, payload })
}

pub(crate) fn put_bytes(frame: &mut BytesMut, bytes: &[u8]) {
    frame.put_u32(bytes.len() as u32);
    frame.put_slice(bytes);
}

/// Shares the frame's memory.
pub(crate) fn get_bytes(frame: &mut Bytes) -> io::Result<Bytes> {
    let length = frame.try_get_u32().map_err(short)? as usize;
    if frame.len() < length {
        return Err(invalid(format!("{length} bytes announced, {} there", frame.len())));
    }
    Ok(frame.split_to(length))
}

pub(crate) fn short(_: bytes::TryGetError) -> io::Error {
    invalid("a message that is cut short".to_owned())
}

pub(crate) fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests;
