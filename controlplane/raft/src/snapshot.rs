//! Raft snapshots: the whole state as of one log entry, as a file.
//!
//! A raft snapshot stands for the log entries below it, so it is written like one: checked by a
//! digest, durable before anything relies on it, and the one before it is kept as a spare.

mod cadence;
mod folder;
mod format;

#[cfg(test)]
mod tests;

use std::io;

use bytes::Bytes;

use crate::disk::{Blob, read_blob};

pub(crate) use cadence::pays;
pub(crate) use folder::{Folder, LogBounds};

/// An open raft snapshot. It stays readable when its file is pruned.
#[derive(Debug)]
pub(crate) struct SnapshotFile(Box<dyn Blob>);

impl SnapshotFile {
    /// One that was received from elsewhere.
    pub(crate) fn received(file: Box<dyn Blob>) -> Self {
        Self(file)
    }

    pub(crate) fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    /// A part of it; shorter at its end. Blocks.
    pub(crate) fn piece(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.0.read_at(&mut piece[filled..], offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        piece.truncate(filled);
        Ok(piece.into())
    }

    /// All of it. Blocks.
    fn read(self) -> io::Result<Vec<u8>> {
        read_blob(&*self.0)
    }
}
