//! Files that were cut, changed or lost: a torn end is forgiven, a loss is not.

use std::fs;
use std::path::{Path, PathBuf};

use openraft::storage::RaftLogStorageExt;

use super::super::LogStore;
use super::{indexes, open, written};
use crate::error::StartError;
use crate::testing::entries;

/// The data directory of a server that was killed after entries 0 to 99, the last of them alone in
/// its record, without a watermark.
async fn crashed() -> tempfile::TempDir {
    let live = tempfile::tempdir().unwrap();
    let mut log = open(live.path()).unwrap();
    log.blocking_append(entries(1, 0..50)).await.unwrap();
    for index in 50..100 {
        log.blocking_append(entries(1, index..index + 1)).await.unwrap();
    }
    let image = tempfile::tempdir().unwrap();
    copy(live.path(), image.path());
    log.close().await.unwrap();
    image
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn wal(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("raft/log")).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|ext| ext == "log"))
        .max_by_key(|file| fs::metadata(file).unwrap().len())
        .unwrap()
}

fn cut(file: &Path, bytes: u64) {
    let file = fs::File::options().write(true).open(file).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - bytes).unwrap();
}

fn refused(dir: &Path) -> String {
    match open(dir).map(|_: LogStore| ()) {
        Err(StartError::Damaged { why, .. }) => why,
        other => panic!("expected damage, got {other:?}"),
    }
}

#[tokio::test]
async fn a_crash_image_opens_with_everything() {
    let dir = crashed().await;
    let mut log = open(dir.path()).unwrap();
    assert_eq!(indexes(&mut log, ..).await.len(), 100);
}

#[tokio::test]
async fn a_torn_end_costs_only_the_record_that_was_not_finished() {
    let dir = crashed().await;
    cut(&wal(dir.path()), 5);
    let mut log = open(dir.path()).unwrap();
    assert_eq!(indexes(&mut log, ..).await, (0..99).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_changed_byte_in_the_middle_is_refused() {
    let dir = crashed().await;
    let wal = wal(dir.path());
    let mut bytes = fs::read(&wal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&wal, bytes).unwrap();
    let why = refused(dir.path());
    assert!(why.contains("orruption"), "{why}");
}

#[tokio::test]
async fn a_missing_write_ahead_log_is_refused() {
    let dir = crashed().await;
    fs::remove_file(wal(dir.path())).unwrap();
    assert!(refused(dir.path()).contains("write-ahead log is missing"));
}

#[tokio::test]
async fn a_log_that_ends_below_the_watermark_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    log.blocking_append(entries(1, 0..100)).await.unwrap();
    log.mark().await.unwrap();
    let image = tempfile::tempdir().unwrap();
    copy(dir.path(), image.path());
    log.close().await.unwrap();
    // What RocksDB alone would take for a log that was never longer.
    let wal = wal(image.path());
    let length = fs::metadata(&wal).unwrap().len();
    cut(&wal, length);
    let why = refused(image.path());
    assert!(why.contains("it once reached 1.99"), "{why}");
}

#[tokio::test]
async fn a_hole_in_the_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 0..5).await;
    let mut log = open(dir.path()).unwrap();
    log.blocking_append(entries(1, 7..9)).await.unwrap();
    log.close().await.unwrap();
    assert!(refused(dir.path()).contains("entry 1.7 follows 1.4"));
}

#[tokio::test]
async fn a_missing_pointer_to_the_database_is_refused() {
    let dir = crashed().await;
    fs::remove_file(dir.path().join("raft/log/CURRENT")).unwrap();
    assert!(refused(dir.path()).contains("CURRENT is missing"));
}

#[tokio::test]
async fn a_missing_database_is_refused() {
    let dir = crashed().await;
    fs::remove_dir_all(dir.path().join("raft/log")).unwrap();
    assert!(refused(dir.path()).contains("is missing"));
}

#[tokio::test]
async fn a_missing_watermark_is_refused() {
    let dir = crashed().await;
    fs::remove_file(dir.path().join("raft/WATERMARK")).unwrap();
    assert!(refused(dir.path()).contains("there is a log"));
}
