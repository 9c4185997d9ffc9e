//! Whether a directory may be taken for this server's data, before anything is written into it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, bail};

/// What a server keeps in its directory, by its own names.
const OURS: [&str; 8] =
    ["server.json", "server.tmp", "server.lock", "raft", "snapshots", "leaves", "node-id", "definitions.json"];

/// What tells a client agent's directory.
pub(crate) const CLIENT: &str = "client.json";

/// What makers of file systems put into an empty one.
const LOST_AND_FOUND: &str = "lost+found";

/// Looks without touching. What is not there may be made.
///
/// # Errors
/// It is no directory, cannot be read, or holds what somebody else has written. Says what to do.
pub(super) fn judge(dir: &Path) -> anyhow::Result<()> {
    match fs::metadata(dir) {
        Ok(known) if !known.is_dir() => {
            bail!("data directory {} is a file: give --data-dir a directory", dir.display())
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| unusable(dir)),
    }
    if dir.join(CLIENT).exists() {
        bail!(
            "data directory {} is that of a client agent: start it without --server, or give this server an empty \
             --data-dir",
            dir.display()
        );
    }
    let entries = fs::read_dir(dir).with_context(|| unusable(dir))?;
    let names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    if let Some(name) = foreign(&names) {
        bail!(
            "data directory {} holds {:?}, which no server has written: give --data-dir an empty directory",
            dir.display(),
            name
        );
    }
    weft_raft::judge(dir).map_err(Into::into)
}

/// What to say of a directory that the system does not let us use.
pub(crate) fn unusable(dir: &Path) -> String {
    format!(
        "data directory {} cannot be used: let the user of this process read and write it, or give another --data-dir",
        dir.display()
    )
}

/// The first name that speaks against a directory. One that a server has used may hold other things too.
fn foreign(names: &[impl AsRef<OsStr>]) -> Option<&OsStr> {
    let mut names = names.iter().map(AsRef::as_ref);
    if names.clone().any(|name| name == "server.json" || name == "server.lock") {
        return None;
    }
    let hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    names.find(|name| !OURS.iter().any(|ours| name == ours) && *name != LOST_AND_FOUND && !hidden(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_servers_write_is_theirs() {
        assert_eq!(foreign(&[] as &[&str]), None);
        assert_eq!(foreign(&["lost+found", ".nfs01", "node-id"]), None);
        assert_eq!(foreign(&["raft", "snapshots", "server.json", "notes.txt"]), None);
        for name in ["serf", "checkpoint-signature", "member", "letter.txt"] {
            assert_eq!(foreign(&["node-id", "raft", name]), Some(OsStr::new(name)));
        }
    }
}
