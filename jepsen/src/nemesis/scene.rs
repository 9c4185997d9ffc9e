//! Where faults play: the cluster, and who holds what of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use parking_lot::Mutex;

use crate::cluster::Cluster;
use crate::history::{JsonLines, Recorder};
use crate::net::{Pair, Skill};

/// What a fault needs of the host or the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A network that can do this.
    Net(Skill),
    /// Disks whose power can be cut.
    Power,
    /// The preloaded shim.
    Shim,
    /// weft's own API and files.
    Weft,
}

impl Need {
    /// Whether only the backend `root` has it.
    #[must_use]
    pub fn wants_root(self) -> bool {
        matches!(self, Self::Power | Self::Net(_))
    }
}

/// The stage of all faults of a run.
pub struct Scene {
    pub cluster: Arc<Cluster>,
    pub recorder: Recorder,
    pub bands: JsonLines,
    claims: Arc<Mutex<BTreeSet<String>>>,
}

/// Something that only one fault may have at a time; given back when dropped.
#[derive(Debug)]
pub struct Claim {
    claims: Arc<Mutex<BTreeSet<String>>>,
    name: String,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.name);
    }
}

impl Scene {
    /// A stage whose bands go to `nemesis.jsonl` of that folder.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(cluster: Arc<Cluster>, dir: &Path) -> Result<Self> {
        let recorder = cluster.setup.recorder.clone();
        let bands = JsonLines::create(&dir.join("nemesis.jsonl"))?;
        Ok(Self { cluster, recorder, bands, claims: Arc::default() })
    }

    /// Takes a server, the network or the membership for one fault; `None`: another one has it.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<Claim> {
        let taken = self.claims.lock().insert(name.to_owned());
        taken.then(|| Claim { claims: Arc::clone(&self.claims), name: name.to_owned() })
    }

    /// Why a need is not met here; `None`: it is.
    #[must_use]
    pub fn lacks(&self, need: Need) -> Option<String> {
        let setup = &self.cluster.setup;
        let met = match need {
            Need::Net(skill) => setup.network.can(skill),
            Need::Power => setup.disk_mib.is_some(),
            Need::Shim => setup.native.is_some() && setup.system.preloads(),
            Need::Weft => setup.system.name() == "weft",
        };
        (!met).then(|| format!("{need:?} is not to be had with {} on {}", setup.system.name(), setup.network.name()))
    }

    /// The number of a server in the network.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn number(&self, name: &str) -> Result<u8> {
        Ok(self.cluster.place(name)?.number)
    }

    /// All directed links from one group of servers to another.
    ///
    /// # Errors
    /// When there is no server of one of the names.
    pub fn links(&self, from: &[String], to: &[String]) -> Result<Vec<Pair>> {
        let mut links = Vec::new();
        for source in from {
            for target in to.iter().filter(|target| *target != source) {
                links.push((self.number(source)?, self.number(target)?));
            }
        }
        Ok(links)
    }
}
