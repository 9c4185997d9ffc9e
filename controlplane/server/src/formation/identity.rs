//! What a server must not forget about itself: `DIR/server.json`, replaced whole and synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use weft_raft::Server;

use crate::keep::{self, Durability};

/// A server's durable part in the forming of clusters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Identity {
    /// The number under which it votes. Drawn once, never reused.
    pub(crate) raft_id: u64,
    pub(crate) datacenter: String,
    /// Grows with each start, and with each minute of running. Others remember it: a disk that counts less
    /// than it did is an older copy.
    pub(crate) count: u64,
    /// The cluster that it belongs to, for ever.
    pub(crate) cluster: Option<String>,
    pub(crate) pledge: Option<Pledge>,
    /// Grows with each founding that is begun and each that is given up.
    pub(crate) attempt: u64,
    /// All have pledged: this server founds, whatever happens in between.
    pub(crate) founding: bool,
    /// It has left its cluster in order.
    pub(crate) left: bool,
    /// Its cluster does not take it back; starts on it end here.
    pub(crate) refused: Option<String>,
    /// The last count that each peer has named.
    pub(crate) peers: BTreeMap<u64, Count>,
}

/// A server's count, and in which of its starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) count: u64,
    pub(crate) nonce: u64,
}

/// A promise to belong to one cluster and no other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pledge {
    pub(crate) cluster: String,
    /// Who asked for it, in which of its attempts.
    pub(crate) founder: u64,
    pub(crate) attempt: u64,
    pub(crate) members: BTreeMap<u64, Server>,
}

impl Identity {
    /// A server that has never run.
    pub(crate) fn new(raft_id: u64, datacenter: &str) -> Self {
        Self { raft_id, datacenter: datacenter.to_owned(), ..Self::default() }
    }

    /// The cluster that may speak to it: its own, or the one that it has pledged itself to.
    pub(crate) fn allegiance(&self) -> Option<&str> {
        self.cluster.as_deref().or_else(|| self.pledge.as_ref().map(|pledge| pledge.cluster.as_str()))
    }
}

/// Where an identity is kept; nowhere without a data directory.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    path: Option<PathBuf>,
}

impl Keep {
    pub(crate) fn new(data_dir: Option<&Path>) -> Self {
        Self { path: data_dir.map(|dir| dir.join("server.json")) }
    }

    /// What was saved. Blocks.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Identity>> {
        let Some(path) = &self.path else { return Ok(None) };
        match std::fs::read(path) {
            Ok(bytes) => {
                let identity = serde_json::from_slice(&bytes);
                identity.map(Some).with_context(|| {
                    format!(
                        "{} is damaged: put the whole data directory back from a backup, or empty it, and this server \
                         joins as a new one",
                        path.display()
                    )
                })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// When this returns, it is on the disk. Blocks.
    pub(crate) fn save(&self, identity: &Identity) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let bytes = serde_json::to_vec_pretty(identity)?;
        keep::replace(path, &bytes, Durability::Synced).with_context(|| path.display().to_string())
    }
}
