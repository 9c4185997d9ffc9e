//! Taking a data directory over at the start: whose it is, whether it may be used, one boot more.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use anyhow::{Context, bail};

use super::identity::{Identity, Keep};
use super::place;

/// A data directory that nobody else uses, and who this server is.
pub(crate) struct Opened {
    pub(crate) identity: Identity,
    pub(super) keep: Keep,
    _lock: Option<File>,
}

/// What becomes of a directory that its cluster has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejoin {
    /// It is left alone.
    No,
    /// It is emptied, and the server joins as a new one.
    AsNew,
}

/// Opens it. Without one the server is a new one each time. Blocks.
///
/// # Errors
/// It is in use, cannot be used, is somebody else's, is of another datacenter, or its cluster has refused it.
pub(crate) fn open(data_dir: Option<&Path>, datacenter: &str, rejoin: Rejoin) -> anyhow::Result<Opened> {
    let keep = Keep::new(data_dir);
    data_dir.map(place::judge).transpose()?;
    let lock = data_dir.map(lock).transpose()?;
    let mut identity = match (keep.load()?, data_dir) {
        (Some(identity), Some(dir)) => judge(identity, dir, datacenter, rejoin)?,
        (Some(identity), None) => identity,
        (None, dir) => Identity::new(dir.and_then(former_id).unwrap_or_else(draw), datacenter),
    };
    identity.count += 1;
    keep.save(&identity)?;
    Ok(Opened { identity, keep, _lock: lock })
}

fn judge(identity: Identity, dir: &Path, datacenter: &str, rejoin: Rejoin) -> anyhow::Result<Identity> {
    if identity.datacenter != datacenter {
        bail!(
            "data directory {} is of datacenter {:?}, not {datacenter:?}: a server does not change its datacenter; \
             give it its former --datacenter, or an empty --data-dir",
            dir.display(),
            identity.datacenter
        );
    }
    if identity.left {
        tracing::info!("this server has left its cluster; it starts as a new one");
        empty(dir, &["raft", "snapshots"])?;
        return Ok(Identity::new(draw(), datacenter));
    }
    match (&identity.refused, rejoin) {
        (Some(why), Rejoin::AsNew) => {
            tracing::warn!(%why, "this data directory is emptied, the server joins as a new one");
            empty(dir, &["raft", "snapshots", "leaves", "node-id", "definitions.json"])?;
            Ok(Identity::new(draw(), datacenter))
        }
        (Some(why), Rejoin::No) => bail!("{why}"),
        (None, Rejoin::AsNew) => {
            tracing::warn!("--rejoin-as-new does nothing: no cluster has refused this data directory");
            Ok(identity)
        }
        (None, Rejoin::No) => Ok(identity),
    }
}

fn lock(dir: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(dir).with_context(|| place::unusable(dir))?;
    let path = dir.join("server.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| place::unusable(dir))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("data directory {} is in use by another process", dir.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn empty(dir: &Path, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        let path = dir.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| path.display().to_string());
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The number in a directory from before servers had an identity of their own.
fn former_id(dir: &Path) -> Option<u64> {
    let text = fs::read_to_string(dir.join("raft/FORMAT")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("node = ")?.trim().parse().ok())
}

/// Below 2^63, never 0.
fn draw() -> u64 {
    (rand::random::<u64>() >> 1).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn said(opened: anyhow::Result<Opened>) -> String {
        opened.err().unwrap().to_string()
    }

    #[test]
    fn a_server_keeps_its_number_and_counts_its_starts() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(Some(dir.path()), "dc1", Rejoin::No).unwrap().identity;
        let second = open(Some(dir.path()), "dc1", Rejoin::No).unwrap().identity;
        assert_eq!((first.raft_id, first.count, second.count), (second.raft_id, 1, 2));
    }

    #[test]
    fn a_directory_in_use_and_one_of_another_datacenter_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let held = open(Some(dir.path()), "dc1", Rejoin::No).unwrap();
        assert!(said(open(Some(dir.path()), "dc1", Rejoin::No)).contains("in use"));
        drop(held);
        assert!(said(open(Some(dir.path()), "dc2", Rejoin::No)).contains("is of datacenter \"dc1\""));
    }

    #[test]
    fn only_what_was_refused_is_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let Opened { identity, keep, _lock } = open(Some(dir.path()), "dc1", Rejoin::AsNew).unwrap();
        fs::create_dir_all(dir.path().join("raft")).unwrap();
        drop(_lock);
        assert_eq!(open(Some(dir.path()), "dc1", Rejoin::AsNew).unwrap().identity.raft_id, identity.raft_id);
        keep.save(&Identity { refused: Some("an older copy".to_owned()), ..identity.clone() }).unwrap();
        assert_eq!(said(open(Some(dir.path()), "dc1", Rejoin::No)), "an older copy");
        let anew = open(Some(dir.path()), "dc1", Rejoin::AsNew).unwrap().identity;
        assert!(anew.raft_id != identity.raft_id && !dir.path().join("raft").exists());
    }
}
