//! A state on its way in, piece by piece, until it is put in the place of what is there.

use bytes::Bytes;
use imbl::Vector;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The pieces of one restore, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Staged {
    id: Uuid,
    chunks: Vector<Bytes>,
}

impl Staged {
    /// A bigger piece would hold up the log.
    pub(crate) const CHUNK_MAX: usize = 1 << 20;
    /// With pieces of full size a state of a gigabyte.
    pub(crate) const CHUNKS_MAX: usize = 1024;

    /// What is staged after one more piece. A first piece starts anew.
    pub(crate) fn with(former: Option<Self>, id: Uuid, seq: u32, bytes: &Bytes) -> Result<Self, String> {
        if bytes.len() > Self::CHUNK_MAX {
            return Err(format!(
                "a piece of a restore has at most {} bytes, this one has {}",
                Self::CHUNK_MAX,
                bytes.len()
            ));
        }
        let seq = seq as usize;
        let mut staged = match former {
            Some(staged) if staged.id == id => staged,
            _ if seq == 0 => Self { id, chunks: Vector::new() },
            _ => return Err("another restore has begun, or this one is over: start again".into()),
        };
        if seq < staged.chunks.len() {
            // Sent twice.
            return Ok(staged);
        }
        if seq > staged.chunks.len() {
            return Err(format!("piece {seq} of a restore came before piece {}", staged.chunks.len()));
        }
        if seq == Self::CHUNKS_MAX {
            return Err(format!("a restore has at most {} pieces", Self::CHUNKS_MAX));
        }
        staged.chunks.push_back(bytes.clone());
        Ok(staged)
    }

    /// All bytes, if they are those that were sent.
    pub(crate) fn complete(&self, id: Uuid, chunks: u32, sha256: &[u8; 32]) -> Result<Vec<u8>, String> {
        if self.id != id || self.chunks.len() != chunks as usize {
            return Err("pieces of the restore are missing: start again".into());
        }
        let mut bytes = Vec::with_capacity(self.chunks.iter().map(Bytes::len).sum());
        for chunk in &self.chunks {
            bytes.extend_from_slice(chunk);
        }
        if Sha256::digest(&bytes).as_slice() != sha256 {
            return Err("the restored bytes are damaged: their checksum differs".into());
        }
        Ok(bytes)
    }
}
