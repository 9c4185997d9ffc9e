//! Directories that a server must not start on.

use std::fs;

use crate::testing::{Server, kept};
use crate::{Config, StartError};

async fn refused(config: Config) -> StartError {
    Server::start(config).await.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(kept(dir.path())).await.unwrap();
    let error = refused(kept(dir.path())).await;
    assert!(matches!(error, StartError::Locked(_)), "{error}");
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_directory_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("raft")).unwrap();
    fs::write(dir.path().join("raft/raft.db"), b"somebody else's").unwrap();
    let error = refused(kept(dir.path())).await;
    assert!(error.to_string().contains("raft.db was not written by weft"), "{error}");
    assert_eq!(fs::read_dir(dir.path().join("raft")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Server::start(kept(dir.path())).await.unwrap().raft.shutdown().await;
    let error = refused(Config { node_id: 2, ..kept(dir.path()) }).await;
    assert!(error.to_string().contains("belongs to server 1, this is server 2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Server::start(kept(dir.path())).await.unwrap().raft.shutdown().await;
    fs::write(dir.path().join("raft/FORMAT"), "weft data directory\nformat = 7\nnode = 1\n").unwrap();
    let error = refused(kept(dir.path())).await;
    assert!(matches!(&error, StartError::Format { found, .. } if found == "7"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_no_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = refused(kept(&file)).await;
    assert!(matches!(error, StartError::Io { .. }), "{error}");
    assert!(error.to_string().contains("exists"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_that_contradict_each_other_are_refused() {
    let error = refused(Config { heartbeat: std::time::Duration::from_secs(5), ..Config::default() }).await;
    assert!(matches!(error, StartError::Config(_)), "{error}");
}
