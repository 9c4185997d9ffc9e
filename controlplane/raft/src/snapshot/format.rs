//! A raft snapshot as bytes.
//!
//! ```text
//! "weftsnap" 8 | version 4 | length of meta 4 | meta | state | SHA-256 of all before 32
//! ```
//!
//! Numbers are big-endian; meta is MessagePack with field names; the state has its own format.

use sha2::{Digest, Sha256};
use weft_state::{DecodeError, State};

use crate::types::SnapshotMeta;

pub(super) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"weftsnap";
const DIGEST: usize = 32;

/// Why bytes are not a raft snapshot.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("format {0} is not known to this version")]
    Format(String),
    #[error("{0}")]
    Damaged(String),
}

pub(super) fn encode(meta: &SnapshotMeta, state: &State) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let meta = rmp_serde::to_vec_named(meta)?;
    let state = state.encode();
    let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + meta.len() + state.len() + DIGEST);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&(meta.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&meta);
    bytes.extend_from_slice(&state);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Ok(bytes)
}

pub(super) fn decode(bytes: &[u8]) -> Result<(SnapshotMeta, State), ReadError> {
    let damaged = |why: &str| ReadError::Damaged(why.to_owned());
    let (content, digest) = bytes.split_last_chunk::<DIGEST>().ok_or_else(|| damaged("it is cut short"))?;
    if Sha256::digest(content).as_slice() != digest {
        return Err(damaged("its checksum does not match"));
    }
    let rest = content.strip_prefix(MAGIC).ok_or_else(|| damaged("it is not a raft snapshot"))?;
    let (version, rest) = number(rest).ok_or_else(|| damaged("it has no version"))?;
    if version != VERSION {
        return Err(ReadError::Format(version.to_string()));
    }
    let (length, rest) = number(rest).ok_or_else(|| damaged("it has no meta"))?;
    let (meta, state) = rest.split_at_checked(length as usize).ok_or_else(|| damaged("its meta is cut short"))?;
    let meta = rmp_serde::from_slice(meta).map_err(|error| damaged(&error.to_string()))?;
    let state = State::decode(state).map_err(|error| match error {
        DecodeError::Format(format) => ReadError::Format(format!("{VERSION} with state format {format}")),
        DecodeError::Damaged(why) => ReadError::Damaged(why),
    })?;
    Ok((meta, state))
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}
