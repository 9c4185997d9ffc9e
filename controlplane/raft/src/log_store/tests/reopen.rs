//! What was completed is there after a restart.

use openraft::storage::{RaftLogReader, RaftLogStorage, RaftLogStorageExt};

use super::{indexes, open, written};
use crate::testing::{entries, log_id};
use crate::types::Vote;

#[tokio::test]
async fn entries_vote_and_commit_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    let vote = Vote::new_committed(3, 1);
    log.save_vote(&vote).await.unwrap();
    log.blocking_append(entries(3, 0..10)).await.unwrap();
    log.save_committed(Some(log_id(3, 7))).await.unwrap();
    let before = log.try_get_log_entries(..).await.unwrap();
    log.close().await.unwrap();

    let mut log = open(dir.path()).unwrap();
    assert_eq!(log.read_vote().await.unwrap(), Some(vote));
    assert_eq!(log.read_committed().await.unwrap(), Some(log_id(3, 7)));
    let after = log.try_get_log_entries(..).await.unwrap();
    assert_eq!(after.len(), 10);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.log_id, after.log_id);
        let [before, after] = [before, after].map(|entry| match &entry.payload {
            openraft::EntryPayload::Normal(request) => request.envelope().unwrap(),
            openraft::EntryPayload::Blank | openraft::EntryPayload::Membership(_) => panic!("not a command"),
        });
        assert_eq!(before, after);
    }
}

#[tokio::test]
async fn cut_and_purged_entries_stay_away() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 0..20).await;
    let mut log = open(dir.path()).unwrap();
    log.purge(log_id(1, 4)).await.unwrap();
    log.mark().await.unwrap();
    log.truncate_after(Some(log_id(1, 9))).await.unwrap();
    // As after a crash: nothing but what was waited for.
    drop(log);

    let mut log = open(dir.path()).unwrap();
    assert_eq!(indexes(&mut log, ..).await, [5, 6, 7, 8, 9]);
    assert_eq!(log.ends(), (Some(log_id(1, 9)), Some(log_id(1, 4))));
    log.blocking_append(entries(2, 10..12)).await.unwrap();
    assert_eq!(indexes(&mut log, 8..).await, [8, 9, 10, 11]);
}

#[tokio::test]
async fn old_entries_come_from_the_disk_and_new_ones_from_memory() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 0..10).await;
    let mut log = open(dir.path()).unwrap();
    log.blocking_append(entries(1, 10..15)).await.unwrap();
    assert_eq!(indexes(&mut log, 3..12).await, (3..12).collect::<Vec<_>>());
    assert_eq!(indexes(&mut log, 11..=12).await, [11, 12]);
    assert_eq!(indexes(&mut log, 14..99).await, [14]);
    assert_eq!(indexes(&mut log, 7..7).await, [0u64; 0]);
}
