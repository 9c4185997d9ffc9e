//! A raft snapshot as bytes.
//!
//! ```text
//! "weftsnap" 8 | version 4 | length of meta 4 | meta | state | SHA-256 of all before 32
//! ```
//!
//! Numbers are big-endian; meta is MessagePack with field names; the state has its own format.

use std::io::{self, BufWriter, Write};

use sha2::{Digest, Sha256};
use weft_model::mutant::{Mutant, active};
use weft_state::{DecodeError, State};

use crate::types::SnapshotMeta;

pub(super) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"weftsnap";
const DIGEST: usize = 32;

/// A state is written in pieces of a few bytes; hashing them one by one would be slow.
const GATHERED: usize = 64 << 10;

/// Why bytes are not a raft snapshot.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("format {0} is not known to this version")]
    Format(String),
    #[error("{0}")]
    Damaged(String),
}

/// Writes a raft snapshot, hashing what passes: the whole of it is never in memory.
pub(super) fn write(meta: &SnapshotMeta, state: &State, out: &mut impl Write) -> io::Result<()> {
    let meta = rmp_serde::to_vec_named(meta).map_err(io::Error::other)?;
    let length = u32::try_from(meta.len()).map_err(io::Error::other)?;
    let mut hashing = Hashing { out, digest: Sha256::new() };
    hashing.write_all(MAGIC)?;
    hashing.write_all(&VERSION.to_be_bytes())?;
    hashing.write_all(&length.to_be_bytes())?;
    hashing.write_all(&meta)?;
    let mut gathered = BufWriter::with_capacity(GATHERED, &mut hashing);
    state.encode_to(&mut gathered)?;
    gathered.flush()?;
    drop(gathered);
    let digest = hashing.digest.finalize();
    out.write_all(&digest)
}

/// Passes on what is written, and hashes it.
struct Hashing<'a, W> {
    out: &'a mut W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<(SnapshotMeta, State), ReadError> {
    let damaged = |why: &str| ReadError::Damaged(why.to_owned());
    if active(Mutant::M7)
        && let Some(read) = careless(bytes)
    {
        return Ok(read);
    }
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

/// Mutant M7 only: takes what can be read of it for all of it. The checksum would show the mistake before the state
/// that was lost can.
fn careless(bytes: &[u8]) -> Option<(SnapshotMeta, State)> {
    let meta = bytes.get(MAGIC.len() + 8..head(bytes))?;
    let state = bytes.get(head(bytes)..bytes.len().checked_sub(DIGEST)?).unwrap_or_default();
    Some((rmp_serde::from_slice(meta).ok()?, State::decode(state).unwrap_or_default()))
}

/// Where the state begins in a whole raft snapshot.
pub(super) fn head(bytes: &[u8]) -> usize {
    let length = bytes.get(MAGIC.len() + 4..).and_then(number).map_or(0, |(length, _)| length as usize);
    (MAGIC.len() + 8 + length).min(bytes.len())
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}
