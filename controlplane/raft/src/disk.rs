//! The seam to what is kept: records for the log, files for the rest.
//!
//! ```text
//! LogStore ─> Records (RocksDB)        Folder, Watermark ─> Files (a directory)
//! ```
//!
//! A server's disk implements it with RocksDB and a file system, the simulation in memory, with all
//! that a power cut, a full disk or a failing one can do. All of it blocks.

mod batch;
mod directory;
mod real;

use std::fmt::Debug;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::StartError;

pub use batch::{Batch, Change};
pub(crate) use directory::Directory;
pub(crate) use real::RealDisk;

/// Where a server keeps what it must not forget.
pub trait Disk: Send + Sync + 'static {
    /// Opens or creates the records of the log.
    ///
    /// # Errors
    /// Something is missing or unreadable that was safe once.
    fn records(&self) -> Result<Arc<dyn Records>, StartError>;

    /// Small files beside the log.
    fn notes(&self) -> Arc<dyn Files>;

    /// Raft snapshots.
    fn snapshots(&self) -> Arc<dyn Files>;

    /// Whether anything has to survive the server.
    fn is_durable(&self) -> bool;

    /// Cancelled when nobody uses the disk any more and the next server may have it.
    fn freed(&self) -> CancellationToken;
}

/// Log entries under their indexes and a few notes under names.
pub trait Records: Send + Sync + 'static {
    /// Where they lie, for people.
    fn place(&self) -> &Path;

    /// What is noted under a name.
    ///
    /// # Errors
    /// It cannot be read.
    fn note(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Shows the entries of `from..to` in order, until `each` fails.
    ///
    /// # Errors
    /// One cannot be read, or what `each` says.
    fn entries(&self, from: u64, to: u64, each: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()>;

    /// Makes all changes of a batch readable, or none. They are not safe before [`Records::sync`].
    ///
    /// # Errors
    /// The disk failed; nobody knows what it holds now.
    fn write(&self, batch: Batch) -> io::Result<()>;

    /// Makes everything that was written safe.
    ///
    /// # Errors
    /// The disk failed; nobody knows what it holds now.
    fn sync(&self) -> io::Result<()>;

    /// Hands everything that was written to the operating system: it survives the end of the process.
    ///
    /// # Errors
    /// The disk failed; nobody knows what it holds now.
    fn hand_over(&self) -> io::Result<()>;

    /// How long a simulated disk takes for the next sync.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }
}

/// Whole files in one directory.
pub trait Files: Send + Sync + 'static {
    /// Where they lie, for people.
    fn place(&self) -> &Path;

    /// The names of all files.
    ///
    /// # Errors
    /// The disk failed.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file; [`io::ErrorKind::NotFound`] when there is none.
    ///
    /// # Errors
    /// As said, or the disk failed.
    fn open(&self, name: &str) -> io::Result<Box<dyn Blob>>;

    /// Begins a file that is to get this name in the end.
    ///
    /// # Errors
    /// The disk failed.
    fn draft(&self, name: &str) -> io::Result<Box<dyn Draft>>;

    /// Renames a file, durably.
    ///
    /// # Errors
    /// The disk failed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file, durably.
    ///
    /// # Errors
    /// The disk failed.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A file that is being written. Dropped before it is kept, it is gone.
pub trait Draft: Write + Send {
    /// Makes what was written safe.
    ///
    /// # Errors
    /// The disk failed.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives it its name, durably, in the place of what had it before.
    ///
    /// # Errors
    /// The disk failed.
    fn keep(self: Box<Self>) -> io::Result<()>;

    /// Lets it be read. It gets no name and goes away in the end.
    ///
    /// # Errors
    /// The disk failed.
    fn into_blob(self: Box<Self>) -> io::Result<Box<dyn Blob>>;
}

/// A file that can be read. It stays readable when it is removed.
pub trait Blob: Debug + Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The disk failed.
    fn length(&self) -> io::Result<u64>;

    /// Reads as much as fits, from a place on; 0 at the end.
    ///
    /// # Errors
    /// The disk failed.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// Writes a whole small file so that after a crash it is there in full or not at all.
pub(crate) fn write_file(files: &dyn Files, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut draft = files.draft(name)?;
    draft.write_all(bytes)?;
    draft.sync()?;
    draft.keep()
}

/// All of a file; nothing when there is none.
pub(crate) fn read_file(files: &dyn Files, name: &str) -> io::Result<Option<Vec<u8>>> {
    match files.open(name) {
        Ok(blob) => read_blob(&*blob).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// All of an open file.
pub(crate) fn read_blob(blob: &dyn Blob) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(blob.length()?).map_err(io::Error::other)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match blob.read_at(&mut bytes[filled..], filled as u64)? {
            0 => bytes.truncate(filled),
            count => filled += count,
        }
    }
    Ok(bytes)
}
