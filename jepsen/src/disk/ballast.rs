//! A file that fills a disk, until it is dropped.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What fills the disk.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    /// How many bytes were free before.
    pub bytes: u64,
}

impl Ballast {
    /// Takes all room that is left on the file system of that folder.
    ///
    /// # Errors
    /// When the file cannot be made, or there is another error than "no space".
    pub fn fill(dir: &Path) -> Result<Self> {
        let path = dir.join("jepsen-ballast");
        let mut file = File::create(&path).with_context(|| path.display().to_string())?;
        let mut ballast = Self { path, bytes: 0 };
        for size in [1 << 20, 4096, 512] {
            let chunk = vec![0xa5; size];
            loop {
                match file.write(&chunk) {
                    Ok(written) => ballast.bytes += u64::try_from(written)?,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("fill the disk"),
                }
            }
        }
        // Delayed allocation would let others in until it is written.
        let _ = file.sync_all();
        Ok(ballast)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
