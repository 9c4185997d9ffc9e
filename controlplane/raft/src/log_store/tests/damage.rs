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

/// How many entries each record of [`crashed_in_records`] holds.
const GROUP: u64 = 40;

/// The data directory of a server that was killed after ten records of some sectors each, and where each ends.
async fn crashed_in_records() -> (tempfile::TempDir, Vec<usize>) {
    let live = tempfile::tempdir().unwrap();
    let mut log = open(live.path()).unwrap();
    let mut ends = Vec::new();
    for record in 0..10 {
        log.blocking_append(entries(1, record * GROUP..(record + 1) * GROUP)).await.unwrap();
        ends.push(fs::metadata(wal(live.path())).unwrap().len() as usize);
    }
    let image = tempfile::tempdir().unwrap();
    copy(live.path(), image.path());
    log.close().await.unwrap();
    (image, ends)
}

fn zero(file: &Path, places: std::ops::Range<usize>) {
    let mut bytes = fs::read(file).unwrap();
    bytes[places].fill(0);
    fs::write(file, bytes).unwrap();
}

const fn sector_after(place: usize) -> usize {
    place.next_multiple_of(512)
}

#[tokio::test]
async fn an_end_that_a_power_cut_left_as_zeros_costs_only_what_was_not_synced() {
    for record in [9, 8, 5] {
        let (dir, ends) = crashed_in_records().await;
        // From the first sector on that begins in this record.
        zero(&wal(dir.path()), sector_after(ends[record - 1])..ends[9]);
        for _ in 0..2 {
            let mut log = open(dir.path()).unwrap();
            let left = record as u64 * GROUP;
            assert_eq!(indexes(&mut log, ..).await, (0..left).collect::<Vec<_>>(), "zeros in record {record}");
            log.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_list_of_files_may_end_in_zeros_too() {
    let dir = crashed().await;
    let files = fs::read_dir(dir.path().join("raft/log")).unwrap().map(|entry| entry.unwrap().path());
    let list = files.filter(|file| file.to_string_lossy().contains("MANIFEST-")).max().unwrap();
    let mut bytes = fs::read(&list).unwrap();
    // A checksum, a length of 600, the type of a whole record, and of its body what is before the next sector.
    bytes.extend([1, 2, 3, 4, 88, 2, 1]);
    let (begun, ends) = (sector_after(bytes.len() + 1), bytes.len() + 600);
    bytes.resize(begun, 7);
    bytes.resize(ends, 0);
    fs::write(&list, bytes).unwrap();
    let mut log = open(dir.path()).unwrap();
    assert_eq!(indexes(&mut log, ..).await.len(), 100);
}

#[tokio::test]
async fn zeros_elsewhere_are_damage() {
    let (_, ends) = crashed_in_records().await;
    let (early, last) = (sector_after(ends[3]), sector_after(ends[8]));
    let (within, at_the_end) = (early..early + 512, last..last + 512);
    let both = [within.clone(), last..ends[9]];
    for places in [[within.clone(), within], [at_the_end.clone(), at_the_end], both] {
        let (dir, _) = crashed_in_records().await;
        let file = wal(dir.path());
        places.iter().for_each(|places| zero(&file, places.clone()));
        let before = fs::read(&file).unwrap();
        assert!(refused(dir.path()).contains("orruption"), "{places:?}");
        assert!(fs::read(&file).unwrap() == before, "{places:?}: nothing was cut off");
    }
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
