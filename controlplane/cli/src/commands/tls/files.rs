//! Files that are made and never overwritten.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::{Failure, plain_io};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// A certificate is no secret.
    All,
    /// A key is its owner's.
    Owner,
}

/// Writes a new file.
///
/// # Errors
/// There is one of that name, or it cannot be written.
pub(super) fn create(name: &str, text: &str, readers: Readers) -> Result<(), Failure> {
    let mode = match readers {
        Readers::All => 0o644,
        Readers::Owner => 0o600,
    };
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(name)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return exists(name);
        }
        Failure::new(format!("cannot write {name}: {}", plain_io(&error)))
    })
}

/// The refusal to overwrite.
pub(super) fn exists(name: &str) -> Failure {
    Failure::new(format!("{name} already exists."))
}

/// Whether there is such a file.
pub(super) fn is_there(name: &str) -> bool {
    Path::new(name).symlink_metadata().is_ok()
}
