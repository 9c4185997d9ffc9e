//! A server that starts again knows what it had acknowledged.

use std::time::Duration;

use crate::testing::{PATIENCE, Server, kept};
use crate::{Config, Role, StartError};

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_an_orderly_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(kept(dir.path())).await.unwrap();
    server.write_all((0..100).map(|i| format!("node-{i:03}"))).await;
    let state = server.store.current();
    server.raft.shutdown().await;

    let server = Server::start(kept(dir.path())).await.unwrap();
    assert_eq!(*server.store.current(), *state);
    let status = server.raft.status();
    assert_eq!((status.role, status.leader), (Role::Leader, Some(1)));
    assert!(server.write("another").await > state.index());
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_being_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(kept(dir.path())).await.unwrap();
    server.write_all((0..100).map(|i| format!("node-{i:03}"))).await;
    drop(server);

    let server = started(kept(dir.path())).await;
    assert_eq!(server.names().len(), 100);
    server.raft.shutdown().await;
}

/// Starts as soon as the tasks of a dropped server have let go of the directory.
async fn started(config: Config) -> Server {
    let starting = async {
        loop {
            match Server::start(config.clone()).await {
                Err(StartError::Locked(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                other => return other.unwrap(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, starting).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_synced_without_a_data_directory() {
    let server = Server::start(Config::default()).await.unwrap();
    server.write("node").await;
    assert_eq!(server.raft.status().log_syncs, 0);
    assert_eq!(server.raft.wait_for_leader(Duration::from_secs(1)).await, Some(1));
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_after_shutdown_are_refused() {
    let server = Server::start(Config::default()).await.unwrap();
    server.raft.shutdown().await;
    server.raft.shutdown().await;
    let refused = server.store.propose(crate::testing::register("late")).await;
    assert_eq!(refused, Err(weft_state::ProposeError::ShuttingDown));
}
