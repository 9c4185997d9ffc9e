//! Where faults play: the cluster, and who holds what of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use parking_lot::Mutex;

use super::stage::Aim;
use super::table::Row;
use crate::cluster::Cluster;
use crate::history::{Band, BandState, JsonLines, LeaderCase, Recorder};
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
    bands: JsonLines,
    played: Mutex<Vec<Band>>,
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
        Ok(Self { cluster, recorder, bands, played: Mutex::default(), claims: Arc::default() })
    }

    /// Writes a fault down that was played.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, band: Band) -> Result<()> {
        self.bands.write(&band)?;
        self.played.lock().push(band);
        Ok(())
    }

    /// A fault that has not taken hold yet, or not with the leader where it must be seen, too, and how to aim it.
    #[must_use]
    pub fn missing(&self, rows: &[&'static Row], both: &[String]) -> Option<(&'static Row, Aim)> {
        let possible = rows.iter().copied().filter(|row| row.needs.iter().all(|need| self.lacks(*need).is_none()));
        missing(&self.played.lock(), possible, both)
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

fn missing(
    played: &[Band],
    mut rows: impl Iterator<Item = &'static Row>,
    both: &[String],
) -> Option<(&'static Row, Aim)> {
    let seen = |row: &Row, fits: &dyn Fn(&Band) -> bool| {
        played.iter().any(|band| band.fault == row.number && band.state == BandState::Installed && fits(band))
    };
    rows.find_map(|row| {
        let wanted = |aim, case| {
            let due = both.iter().any(|number| number == row.number) && !seen(row, &|band| band.leader == case);
            due.then_some((row, aim))
        };
        let never = || (!seen(row, &|_| true)).then_some((row, Aim::Follower));
        wanted(Aim::Leader, LeaderCase::Hit).or_else(|| wanted(Aim::Follower, LeaderCase::Spared)).or_else(never)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::nemesis::named;

    #[test]
    fn what_was_not_seen_is_played_and_nothing_else() {
        let rows = || [named("kill").unwrap(), named("pause").unwrap()].into_iter();
        let band = |fault: &str, leader| Band {
            fault: fault.to_owned(),
            leader,
            state: BandState::Installed,
            ..Band::default()
        };
        let both = ["F1".to_owned()];
        let next = |played: &[Band]| missing(played, rows(), &both).map(|(row, aim)| (row.name, aim));
        let mut played = vec![band("F1", LeaderCase::Unknown)];
        assert_eq!(next(&played), Some(("kill", Aim::Leader)));
        played.push(band("F1", LeaderCase::Hit));
        assert_eq!(next(&played), Some(("kill", Aim::Follower)));
        played.push(band("F1", LeaderCase::Spared));
        assert_eq!(next(&played), Some(("pause", Aim::Follower)));
        played.push(Band { state: BandState::Skipped(String::new()), ..band("F2", LeaderCase::Spared) });
        assert_eq!(next(&played), Some(("pause", Aim::Follower)));
        played.push(band("F2", LeaderCase::Unknown));
        assert_eq!(next(&played), None);
    }
}
