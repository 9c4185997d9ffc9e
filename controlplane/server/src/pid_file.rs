//! A file with the process's number, for as long as the agent runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The file; it goes with this value.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it. One that is there is that of an agent that has ended badly.
    pub(crate) fn write(path: &Path) -> anyhow::Result<Self> {
        let text = std::process::id().to_string();
        fs::write(path, text).with_context(|| format!("pid_file {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Whoever looks finds a process that is gone; there is nothing better to do.
        drop(fs::remove_file(&self.0));
    }
}
