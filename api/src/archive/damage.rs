//! Why an archive is not taken.

use std::io;

/// Why an archive is not taken. The texts of what is no gzip are Consul's.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("failed to decompress snapshot: {0}")]
    Compression(String),
    #[error("failed to read snapshot file: {0}")]
    Form(String),
    #[error("failed checking integrity of snapshot: {0}")]
    Sum(String),
    #[error("failed to open sealed snapshot: {0}")]
    Seal(&'static str),
    #[error("failed to keep snapshot for checking: {0}")]
    Spool(io::Error),
}

impl Damage {
    /// An error of the decompressing reader.
    pub(super) fn read(error: &io::Error) -> Self {
        let cut = error.kind() == io::ErrorKind::UnexpectedEof;
        Self::Compression(if cut { "unexpected EOF".to_owned() } else { error.to_string() })
    }
}
