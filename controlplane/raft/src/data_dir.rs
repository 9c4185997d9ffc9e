//! The data directory: who owns it, what it is, where things lie in it.
//!
//! ```text
//! DIR/raft/LOCK     held while a server runs on it
//! DIR/raft/FORMAT   what wrote it: format version and server number
//! DIR/raft/WATERMARK  how far the log certainly reached
//! DIR/raft/log/     RocksDB: vote and log
//! DIR/snapshots/    raft snapshots
//! ```

mod abandoned;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::StartError;

const FORMAT: u32 = 1;

/// An owned, locked data directory. The lock goes with the value.
pub(crate) struct DataDir {
    root: PathBuf,
    node_id: u64,
    _lock: File,
    /// Present when nothing is to be kept; removes the directory.
    _temporary: Option<TempDir>,
    // Last: fields drop in order, and it tells that the others are gone.
    free: DropGuard,
}

impl DataDir {
    /// Opens or creates a directory that is kept.
    pub(crate) fn open(root: &Path, node_id: u64) -> Result<Self, StartError> {
        create(root)?;
        Self::take(root.to_owned(), node_id, None)
    }

    /// Opens a directory that a server has written.
    pub(crate) fn existing(root: &Path) -> Result<Self, StartError> {
        let path = root.join("raft/FORMAT");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let why = "no server has run on it".to_owned();
                return Err(StartError::Foreign { path: root.to_owned(), why });
            }
            Err(error) => return Err(StartError::io(&path)(error)),
        };
        let id = format_value(&text, "node").and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| StartError::damaged(&path, "it names no server"))?;
        Self::take(root.to_owned(), id, None)
    }

    /// Makes a directory that goes away with the value. Those of servers that were killed go now.
    pub(crate) fn temporary(node_id: u64) -> Result<Self, StartError> {
        let parent = std::env::temp_dir();
        abandoned::sweep(&parent);
        let dir = tempfile::Builder::new().prefix(abandoned::PREFIX).tempdir().map_err(StartError::io(&parent))?;
        Self::take(dir.path().to_owned(), node_id, Some(dir))
    }

    fn take(root: PathBuf, node_id: u64, temporary: Option<TempDir>) -> Result<Self, StartError> {
        let raft = root.join("raft");
        refuse_foreign(&root)?;
        create(&raft)?;
        let lock = lock(&root, &raft.join("LOCK"))?;
        let free = CancellationToken::new().drop_guard();
        let dir = Self { root, node_id, _lock: lock, _temporary: temporary, free };
        dir.check_format(&raft.join("FORMAT"), node_id)?;
        create(&dir.snapshots())?;
        Ok(dir)
    }

    /// The number of the server whose directory it is.
    pub(crate) fn node_id(&self) -> u64 {
        self.node_id
    }

    /// Cancelled when nobody uses the directory any more and the next server may have it.
    pub(crate) fn freed(&self) -> CancellationToken {
        self.free.token().clone()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("raft/log")
    }

    pub(crate) fn notes(&self) -> PathBuf {
        self.root.join("raft")
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    fn check_format(&self, path: &Path, node_id: u64) -> Result<(), StartError> {
        match fs::read_to_string(path) {
            Ok(text) => check_format_text(&text, path, node_id, &self.root),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = format!("weft data directory\nformat = {FORMAT}\nnode = {node_id}\n");
                write_synced(path, text.as_bytes()).map_err(StartError::io(path))
            }
            Err(error) => Err(StartError::io(path)(error)),
        }
    }
}

fn format_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix("= "))
}

fn check_format_text(text: &str, path: &Path, node_id: u64, root: &Path) -> Result<(), StartError> {
    let found = format_value(text, "format").unwrap_or("unreadable");
    if found != FORMAT.to_string() {
        return Err(StartError::Format { path: path.to_owned(), found: found.to_owned(), known: FORMAT });
    }
    let node = format_value(text, "node").unwrap_or("unreadable");
    if node != node_id.to_string() {
        let why = format!("it belongs to server {node}, this is server {node_id}");
        return Err(StartError::Foreign { path: root.to_owned(), why });
    }
    Ok(())
}

/// Whether a server may run on this directory, as far as can be seen without touching it.
///
/// # Errors
/// It holds what somebody else has written.
pub fn judge(root: &Path) -> Result<(), StartError> {
    refuse_foreign(root)
}

/// Directories of ours always hold FORMAT; without it their content is somebody else's.
fn refuse_foreign(root: &Path) -> Result<(), StartError> {
    if root.join("raft/FORMAT").exists() {
        return Ok(());
    }
    for name in ["raft", "snapshots"] {
        let path = root.join(name);
        let foreign = match fs::read_dir(&path) {
            Ok(entries) => entries.filter_map(Result::ok).find(|entry| !is_first_start(&entry.file_name())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StartError::io(&path)(error)),
        };
        if let Some(entry) = foreign {
            let why = format!("{} was not written by weft; give the server an empty one", entry.path().display());
            return Err(StartError::Foreign { path: root.to_owned(), why });
        }
    }
    Ok(())
}

/// What a first start that was cut short leaves behind.
fn is_first_start(name: &OsStr) -> bool {
    name == "LOCK" || name == "FORMAT.tmp"
}

fn lock(root: &Path, path: &Path) -> Result<File, StartError> {
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(StartError::io(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(StartError::io(path)(error)),
    }
}

/// Private to its owner: the log and the raft snapshots hold keys.
fn create(path: &Path) -> Result<(), StartError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.and_then(|()| sync_parent(path)).map_err(StartError::io(path))
}

/// Writes a whole small file so that after a crash it is there in full or not at all.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// Makes a rename, creation or removal in the directory of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_dir(Path::new(".")),
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
