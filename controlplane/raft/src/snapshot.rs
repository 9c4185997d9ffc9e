//! Raft snapshots: the whole state as of one log entry, as a file.
//!
//! A raft snapshot stands for the log entries below it, so it is written like one: checked by a
//! digest, durable before anything relies on it, and the one before it is kept as a spare.

mod folder;
mod format;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek};

pub(crate) use folder::{Folder, LogBounds};

/// An open raft snapshot. It stays readable when its file is pruned.
#[derive(Debug)]
pub(crate) struct SnapshotFile(File);

impl SnapshotFile {
    /// All of it. Blocks.
    fn read(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.rewind()?;
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
