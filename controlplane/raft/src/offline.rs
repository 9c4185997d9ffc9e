//! Work on the data directory of a server that does not run: giving its cluster other members.
//!
//! A cluster that has lost its quorum, or all of its addresses, cannot agree on a change of itself. So one
//! server, whose log is the one to go on with, is told the new members; its next start sends them to
//! the others. Everything that its log holds is kept, what was not known to be committed included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use openraft::{EntryPayload, Membership};
use rand::Rng;
use weft_model::{Command, Envelope, RequestId};

use crate::data_dir::DataDir;
use crate::disk::{Batch, Change, Disk, RealDisk, Records};
use crate::error::StartError;
use crate::log_store::{Durability, LogEnds, ends, entry_bytes, log_membership, vote_bytes};
use crate::member::Server;
use crate::proposer::now;
use crate::request::Request;
use crate::simulated::Dice;
use crate::snapshot::{Folder, LogBounds};
use crate::types::{Entry, LeaderId, LogId, Vote};

/// A stopped server and the cluster as it last knew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offline {
    /// The server's number.
    pub id: u64,
    /// The members, itself included.
    pub members: BTreeMap<u64, Server>,
    /// Where its log ends.
    pub last_index: u64,
}

/// What a stopped server's data directory says.
///
/// # Errors
/// The directory is in use, is no server's, or is damaged.
pub fn inspect(dir: &Path) -> Result<Offline, StartError> {
    Kept::open(dir).map(|kept| kept.offline)
}

/// Gives the cluster of a stopped server other members. When this returns, they are durable.
///
/// # Errors
/// As [`inspect`]; or the server is not to be a voter itself.
pub fn recover(dir: &Path, members: BTreeMap<u64, Server>) -> Result<Offline, StartError> {
    let kept = Kept::open(dir)?;
    let voters: BTreeSet<u64> = members.iter().filter(|(_, server)| !server.read_replica).map(|(id, _)| *id).collect();
    if !voters.contains(&kept.offline.id) {
        let why = format!("server {} has to be among the voters: it is the one with the data", kept.offline.id);
        return Err(StartError::Config(why));
    }
    let membership = Membership::new(vec![voters], members.clone());
    let membership = membership.map_err(|error| StartError::Config(error.to_string()))?;
    let index = kept.last.map_or(0, |last| last.index + 1);
    // A term of its own: no other server has an entry that could be taken for this one.
    let term = kept.term + 1;
    let retired = kept.offline.members.keys().filter(|id| !members.contains_key(id)).copied().collect();
    let payloads = [EntryPayload::Normal(retire(retired)?), EntryPayload::Membership(membership)];
    let place = |(payload, index)| Entry { log_id: LogId::new(LeaderId::new(term), index), payload };
    let entries: Vec<_> = payloads.into_iter().zip(index..).map(place).collect();
    let last_index = entries.last().map_or(0, |entry| entry.log_id.index);
    kept.append(&entries, term)?;
    Ok(Offline { id: kept.offline.id, members, last_index })
}

/// Those that are left out must not come back under their numbers.
fn retire(servers: BTreeSet<u64>) -> Result<Request, StartError> {
    let id = RequestId { origin: Dice.next_u64(), sequence: 1 };
    let envelope = Envelope { id, settled: 1, at: now(), command: Command::Retire(servers) };
    Request::new(envelope).map_err(|error| StartError::Config(error.to_string()))
}

/// An opened data directory.
struct Kept {
    records: Arc<dyn Records>,
    offline: Offline,
    last: Option<LogId>,
    /// The raft snapshot reaches further than the log.
    jump: bool,
    term: u64,
}

impl Kept {
    fn open(dir: &Path) -> Result<Self, StartError> {
        let data = DataDir::existing(dir)?;
        let id = data.node_id();
        let disk = RealDisk::new(Arc::new(data), Durability::Synced);
        let records = disk.records()?;
        let LogEnds { vote, purged, last } = ends(&*records, disk.notes())?;
        let (_, start) = Folder::open(disk.snapshots(), LogBounds { purged, last })?;
        let (base, base_members) = start
            .map_or_else(Default::default, |(meta, _)| (meta.last_log_id, meta.last_membership.membership().clone()));
        let from = purged.map_or(0, |purged| purged.index + 1);
        let membership = log_membership(&*records, from).map_err(StartError::io(records.place()))?;
        let members = membership.unwrap_or(base_members);
        let members: BTreeMap<_, _> = members.nodes().map(|(id, server)| (*id, server.clone())).collect();
        let jump = base > last;
        let last = last.max(base);
        let term = vote.map_or(0, |vote| vote.leader_id.term).max(last.map_or(0, |last| last.leader_id.term));
        let offline = Offline { id, members, last_index: last.map_or(0, |last| last.index) };
        Ok(Self { records, offline, last, jump, term })
    }

    fn append(&self, entries: &[Entry], term: u64) -> Result<(), StartError> {
        let written = || {
            let mut batch = Batch::default();
            if let (true, Some(last)) = (self.jump, self.last) {
                batch.add(crate::log_store::purged(&last)?);
                batch.add(Change::Remove(0..last.index + 1));
            }
            batch.add(vote_bytes(&Vote::new(term, self.offline.id))?);
            for entry in entries {
                batch.add(entry_bytes(entry)?);
            }
            self.records.write(batch)?;
            self.records.sync()
        };
        written().map_err(StartError::io(self.records.place()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Cluster, Server as Running, kept, member};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_survivor_of_three_goes_on_alone_with_everything() {
        let mut cluster = Cluster::start(3).await;
        let leader = cluster.leader().await;
        cluster.node(leader).write("before").await.unwrap();
        cluster.settle().await;
        let path = cluster.path(2);
        assert!(matches!(recover(&path, BTreeMap::new()), Err(StartError::Locked(_))));
        for id in 1..=3 {
            let node = cluster.node(id);
            cluster.kill(id);
            node.raft.shutdown().await;
        }
        let known = inspect(&path).unwrap();
        assert_eq!((known.id, known.members.len()), (2, 3));
        let error = recover(&path, BTreeMap::from([(1, member(1))])).unwrap_err();
        assert!(error.to_string().contains("has to be among the voters"), "{error}");
        recover(&path, BTreeMap::from([(2, member(2))])).unwrap();

        let server = Running::start(crate::Config { node_id: 2, ..kept(&path) }).await.unwrap();
        assert_eq!(server.store.current().retired().collect::<Vec<_>>(), [1, 3]);
        assert!(server.names().contains(&"before".to_owned()));
        server.write("after").await;
        assert_eq!(server.raft.cluster_state().members.len(), 1);
        server.raft.shutdown().await;
    }

    #[test]
    fn what_is_no_servers_directory_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let error = recover(dir.path(), BTreeMap::from([(1, member(1))])).unwrap_err();
        assert!(error.to_string().contains("no server"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
