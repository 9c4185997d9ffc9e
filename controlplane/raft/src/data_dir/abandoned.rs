//! Temporary directories of servers that were killed before they could remove them.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

/// What the names of temporary directories begin with.
pub(super) const PREFIX: &str = "weft-dev-";

/// A server that is just starting has made its lock file and not yet locked it.
const STARTING: Duration = Duration::from_secs(60);

/// Removes the temporary directories in `parent` that nobody runs on. What cannot be removed stays: it
/// harms nobody but the disk.
pub(super) fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Err(error) = remove_if_abandoned(&entry.path(), STARTING)
        {
            tracing::debug!(%error, path = %entry.path().display(), "a temporary directory stays");
        }
    }
}

fn remove_if_abandoned(dir: &Path, starting: Duration) -> io::Result<()> {
    let lock = File::open(dir.join("raft/LOCK"))?;
    let age = lock.metadata()?.modified()?.elapsed().unwrap_or_default();
    if age < starting || lock.try_lock().is_err() {
        return Ok(());
    }
    fs::remove_dir_all(dir)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_that_nobody_holds_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let [held, left, other] = ["held", "left", "other"].map(|name| parent.path().join(name));
        for dir in [&held, &left] {
            fs::create_dir_all(dir.join("raft")).unwrap();
            File::create(dir.join("raft/LOCK")).unwrap();
        }
        fs::create_dir_all(&other).unwrap();
        let lock = File::open(held.join("raft/LOCK")).unwrap();
        lock.try_lock().unwrap();
        remove_if_abandoned(&left, STARTING).unwrap();
        assert!(left.exists(), "it may be starting");
        remove_if_abandoned(&left, Duration::ZERO).unwrap();
        remove_if_abandoned(&held, Duration::ZERO).unwrap();
        assert!(remove_if_abandoned(&other, Duration::ZERO).is_err(), "it is not ours");
        assert!(!left.exists() && held.exists() && other.exists());
    }
}
