//! A directory as a `.tar.gz` beside it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::capture;
use crate::failure::{Failure, plain_io};

/// Where the archive of a directory is.
pub(super) fn file(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".tar.gz");
    name.into()
}

/// Writes the archive and takes the directory away.
pub(super) fn of(folder: &Path) -> Result<PathBuf, Failure> {
    let file = file(folder);
    let written = write(folder, &file).and_then(|()| capture::remove(folder));
    written.map_err(|error| Failure::new(format!("{}: {}", file.display(), plain_io(&error))))?;
    Ok(file)
}

fn write(folder: &Path, file: &Path) -> io::Result<()> {
    let file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    // The last name of the path: an archive is unpacked wherever one is.
    tar.append_dir_all(folder.file_name().unwrap_or(folder.as_os_str()), folder)?;
    tar.into_inner()?.finish()?.sync_all()
}
