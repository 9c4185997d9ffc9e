#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use weft_state::{State, apply};

use super::folder::{Folder, LogBounds};
use crate::data_dir::DataDir;
use crate::disk::{Disk, Files, RealDisk};
use crate::error::StartError;
use crate::log_store::Durability;
use crate::testing::{entry, log_id};
use crate::types::{LogId, SnapshotMeta};

fn files(dir: &Path) -> Result<Arc<dyn Files>, StartError> {
    Ok(RealDisk::new(Arc::new(DataDir::open(dir, 1)?), Durability::Synced).snapshots())
}

fn open(dir: &Path, log: LogBounds) -> Result<Option<LogId>, StartError> {
    Ok(Folder::open(files(dir)?, log)?.1.and_then(|(meta, _)| meta.last_log_id))
}

fn log(purged: Option<u64>, last: u64) -> LogBounds {
    LogBounds { purged: purged.map(|index| log_id(1, index)), last: Some(log_id(1, last)) }
}

fn state(index: u64) -> State {
    (1..=index).fold(State::default(), |state, index| match entry(1, index).payload {
        openraft::EntryPayload::Normal(request) => apply(&state, index, &request.envelope().unwrap()).state,
        openraft::EntryPayload::Blank | openraft::EntryPayload::Membership(_) => state,
    })
}

/// A folder with raft snapshots at these indexes.
fn folder(indexes: &[u64]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (folder, _) = Folder::open(files(dir.path()).unwrap(), LogBounds { purged: None, last: None }).unwrap();
    for &index in indexes {
        folder.save(&meta(index), &state(index)).unwrap();
    }
    dir
}

fn meta(index: u64) -> SnapshotMeta {
    SnapshotMeta { last_log_id: Some(log_id(1, index)), ..SnapshotMeta::default() }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir.join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn damage(dir: &Path, name_start: &str) {
    let name = names(dir).into_iter().find(|name| name.contains(name_start)).unwrap();
    let mut bytes = fs::read(dir.join("snapshots").join(&name)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(dir.join("snapshots").join(name), bytes).unwrap();
}

#[test]
fn the_newest_two_are_kept_and_read_back() {
    let dir = folder(&[5, 9, 12]);
    assert_eq!(names(dir.path()).len(), 2);
    let (folder, found) = Folder::open(files(dir.path()).unwrap(), log(Some(12), 12)).unwrap();
    assert_eq!(folder.current().unwrap().unwrap().0, meta(12));
    assert_eq!(found, Some((meta(12), state(12))));
}

#[test]
fn a_damaged_one_is_refused_unless_an_older_one_and_the_log_cover_it() {
    let dir = folder(&[5, 9]);
    damage(dir.path(), "00009-");
    for uncovered in [log(Some(7), 20), log(Some(5), 8)] {
        let error = open(dir.path(), uncovered).unwrap_err();
        assert!(error.to_string().contains("its checksum does not match"), "{error}");
    }
    assert_eq!(open(dir.path(), log(Some(3), 20)).unwrap(), Some(log_id(1, 5)));
    assert!(names(dir.path()).iter().any(|name| name.ends_with(".damaged")));
    assert_eq!(open(dir.path(), log(Some(3), 20)).unwrap(), Some(log_id(1, 5)));
}

#[test]
fn a_whole_log_covers_every_damage() {
    let dir = folder(&[5, 9]);
    damage(dir.path(), "00005-");
    damage(dir.path(), "00009-");
    assert!(open(dir.path(), log(Some(2), 20)).is_err());
    assert_eq!(open(dir.path(), log(None, 20)).unwrap(), None);
}

#[test]
fn a_missing_one_is_noticed() {
    let dir = folder(&[5]);
    assert!(open(dir.path(), log(Some(6), 20)).unwrap_err().to_string().contains("is missing"));
}

#[test]
fn a_newer_format_is_not_taken_for_damage() {
    let dir = folder(&[5]);
    let path = dir.path().join("snapshots").join(&names(dir.path())[0]);
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 32);
    bytes[11] = 9;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    bytes.extend_from_slice(&digest);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(open(dir.path(), log(None, 20)), Err(StartError::Format { .. })));
}

#[test]
fn leftovers_of_a_crash_are_cleared() {
    let dir = folder(&[5]);
    fs::write(dir.path().join("snapshots/00000000000000000009-00000000000000000001.snap.0.tmp"), b"half").unwrap();
    assert_eq!(open(dir.path(), log(None, 20)).unwrap(), Some(log_id(1, 5)));
    assert_eq!(names(dir.path()).len(), 1);
}
