//! Raft snapshots and the log together make the state.

use std::fs;
use std::path::Path;

use openraft::RaftMetrics;
use weft_state::State;

use crate::testing::{PATIENCE, Server, kept};
use crate::types::Types;
use crate::{Config, StartError};

fn newest(dir: &Path) -> std::path::PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir.join("snapshots")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "snap"));
    files.into_iter().max().unwrap()
}

fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// What of the log is kept below the newest raft snapshot.
#[derive(PartialEq)]
enum Log {
    Whole,
    Purged,
}

/// Two raft snapshots with writes before, between and after them.
async fn written(config: Config, log: Log) -> State {
    let server = Server::start(config).await.unwrap();
    for round in 0..3 {
        server.write_all((0..50).map(|i| format!("node-{round}-{i:02}"))).await;
        if round < 2 {
            server.raft.trigger_snapshot().await.unwrap();
        }
    }
    assert!(server.raft.status().last_snapshot_index > 0);
    if log == Log::Purged {
        let upto = server.raft.status().last_snapshot_index - 10;
        server.raft.core.raft.trigger().purge_log(upto).await.unwrap();
        let purged = server.raft.core.raft.wait(Some(PATIENCE));
        purged.metrics(|metrics| metrics.purged.is_some(), "purged").await.unwrap();
    }
    let state = (*server.store.current()).clone();
    server.raft.shutdown().await;
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_and_log_restore_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let state = written(kept(dir.path()), Log::Whole).await;
    let server = Server::start(kept(dir.path())).await.unwrap();
    assert_eq!(*server.store.current(), state);
    assert!(server.raft.status().last_snapshot_index > 0);
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_and_a_purged_log_restore_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let state = written(kept(dir.path()), Log::Purged).await;
    let server = Server::start(kept(dir.path())).await.unwrap();
    assert_eq!(*server.store.current(), state);
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_made_up_for_by_the_older_one_and_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let state = written(kept(dir.path()), Log::Whole).await;
    damage(&newest(dir.path()));
    let server = Server::start(kept(dir.path())).await.unwrap();
    assert_eq!(*server.store.current(), state);
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_whose_log_is_purged_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    written(kept(dir.path()), Log::Purged).await;
    damage(&newest(dir.path()));
    let error = Server::start(kept(dir.path())).await.map(drop).unwrap_err();
    assert!(matches!(error, StartError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_come_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Config { snapshot_after: 100, ..kept(dir.path()) }).await.unwrap();
    for round in 0..10 {
        server.write_all((0..50).map(|i| format!("node-{round}-{i:02}"))).await;
    }
    let written = |metrics: &RaftMetrics<Types>| metrics.snapshot.is_some_and(|snapshot| snapshot.index >= 300);
    server.raft.core.raft.wait(Some(PATIENCE)).metrics(written, "a raft snapshot").await.unwrap();
    server.raft.shutdown().await;
    assert!(fs::read_dir(dir.path().join("snapshots")).unwrap().count() <= 2);
}
