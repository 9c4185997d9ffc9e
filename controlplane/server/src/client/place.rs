//! A client agent's data directory.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::formation::place::{CLIENT, unusable};
use crate::keep::{Durability, replace};

/// What a server's directory holds.
const OF_SERVERS: [&str; 3] = ["server.json", "raft", "snapshots"];

/// Takes it over for as long as what is returned lives. Blocks.
///
/// # Errors
/// It is in use, cannot be used, is a server's, or of another datacenter.
pub(super) fn take(dir: &Path, datacenter: &str) -> anyhow::Result<File> {
    if OF_SERVERS.iter().any(|name| dir.join(name).exists()) {
        bail!(
            "data directory {} is that of a server: start it with --server, or give this client agent an empty --data-dir",
            dir.display()
        );
    }
    fs::create_dir_all(dir).with_context(|| unusable(dir))?;
    let path = dir.join("client.lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path).with_context(|| unusable(dir))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("data directory {} is in use by another process", dir.display()),
        Err(TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
    }
    judge(dir, datacenter)?;
    Ok(lock)
}

fn judge(dir: &Path, datacenter: &str) -> anyhow::Result<()> {
    let path = dir.join(CLIENT);
    let known = match fs::read(&path) {
        Ok(bytes) => {
            serde_json::from_slice::<Value>(&bytes).with_context(|| format!("{} is damaged", path.display()))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let bytes = json!({ "datacenter": datacenter }).to_string();
            return replace(&path, bytes.as_bytes(), Durability::Synced).with_context(|| path.display().to_string());
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let known = known["datacenter"].as_str().unwrap_or_default();
    if known != datacenter {
        bail!(
            "data directory {} is of datacenter {known:?}, not {datacenter:?}: give this agent its former --datacenter, \
             or an empty --data-dir",
            dir.display()
        );
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formation::{Rejoin, open};

    #[test]
    fn directories_of_clients_and_servers_are_not_mixed_up() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(open(Some(theirs.path()), "dc1", Rejoin::No).unwrap());
        assert!(take(theirs.path(), "dc1").unwrap_err().to_string().contains("is that of a server"));
        let held = take(ours.path(), "dc1").unwrap();
        assert!(take(ours.path(), "dc1").unwrap_err().to_string().contains("in use"));
        drop(held);
        assert!(take(ours.path(), "dc2").unwrap_err().to_string().contains("of datacenter \"dc1\""));
        let refused = open(Some(ours.path()), "dc1", Rejoin::No).err().unwrap().to_string();
        assert!(refused.contains("is that of a client agent"), "{refused}");
    }
}
