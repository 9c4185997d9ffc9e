//! Why a server cannot start on its data directory.

use std::io;
use std::path::{Path, PathBuf};

/// Why [`Raft::start`](crate::Raft::start) refused.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the directory open.
    #[error("data directory {0} is in use by another process")]
    Locked(PathBuf),
    /// The directory holds something that this server did not write.
    #[error("data directory {path} cannot be used: {why}")]
    Foreign { path: PathBuf, why: String },
    /// A newer (or unknown) version has written the directory.
    #[error("{path} has format {found}, this version of weft reads format {known}")]
    Format { path: PathBuf, found: String, known: u32 },
    /// Something that was acknowledged is missing or unreadable. Starting would hide the loss.
    #[error("{path} is damaged: {why}; restore it from a backup, or remove the directory and let this server rejoin")]
    Damaged { path: PathBuf, why: String },
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// The configuration contradicts itself.
    #[error("raft configuration: {0}")]
    Config(String),
    /// Raft did not come up.
    #[error("raft did not start: {0}")]
    Raft(String),
}

impl StartError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into() }
    }
}

/// Why [`Raft::read_index`](crate::Raft::read_index) gave none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No leader has shown in time that it leads.
    #[error("No cluster leader")]
    NoLeader,
    /// This server did not apply in time what the leader had.
    #[error("this server is too far behind the leader")]
    Behind,
    /// This server is stopping.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// Why the leader did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaderError {
    /// Nobody leads now. Nothing was done.
    #[error("No cluster leader")]
    NoLeader,
    /// The leader said no. Nothing was done.
    #[error("{0}")]
    Refused(String),
    /// It may have been done.
    #[error("{0}")]
    Unknown(String),
}
