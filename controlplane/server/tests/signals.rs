//! The agent as a process ends in order on SIGTERM. Alone in its file: the signal is the process's.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use weft_server::{Agent, agent};

#[tokio::test]
async fn sigterm_ends_an_agent_in_order_and_sighup_does_not() {
    let dir = TempDir::new().unwrap();
    let config = support::kept(dir.path());
    let running = tokio::task::spawn_blocking(move || agent::run(config));
    let deadline = Instant::now() + Duration::from_secs(10);
    while !dir.path().join("node-id").exists() {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(10)).await;
    }
    sleep(Duration::from_millis(300)).await;
    signal("-HUP");
    sleep(Duration::from_millis(300)).await;
    assert!(!running.is_finished());
    signal("-TERM");
    running.await.unwrap().unwrap();
    // The directory is free again.
    Agent::start(support::kept(dir.path())).await.unwrap().shutdown().await;
}

fn signal(name: &str) {
    let sent = Command::new("kill").args([name, &std::process::id().to_string()]).status().unwrap();
    assert!(sent.success());
}
