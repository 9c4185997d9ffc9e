//! The end of all faults, and the wait until nothing shows of them any more.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

use crate::cluster::Cluster;

/// Lifts every fault and starts whoever does not run.
///
/// # Errors
/// When a server cannot be started, or a shim's file cannot be written.
pub(super) fn heal(cluster: &Cluster) -> Result<()> {
    cluster.setup.network.heal();
    for name in cluster.members() {
        if let Some(shim) = cluster.shim(&name) {
            shim.heal()?;
        }
        cluster.pause(&name, false);
        let ballast = cluster.disk(&name)?.path().join("jepsen-ballast");
        if ballast.exists() {
            std::fs::remove_file(ballast)?;
        }
    }
    cluster.start_all()
}

/// Waits until every member answers.
///
/// # Errors
/// When one does not within that time.
pub(super) async fn all_answer(cluster: &Cluster, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        let views = cluster.views().await;
        let silent: Vec<String> = cluster.members().into_iter().filter(|name| !views.contains_key(name)).collect();
        if silent.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("no answer from {}", silent.join(", "));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until somebody leads; load shows the rest.
pub(super) async fn await_writes(cluster: &Cluster, patience: Duration) {
    // Nobody leading is for the judges to see.
    let _ = cluster.await_leader(patience).await;
}

/// Waits until all members have applied the same, or the time is over: then the judges see who is behind. Tells whether
/// anybody leads: without a leader every last read would only run into its time limit.
pub(super) async fn converge(cluster: &Cluster, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        let views = cluster.views().await;
        let applied: Vec<u64> = views.values().map(|view| view.applied).collect();
        let equal = applied.iter().all(|index| *index == applied[0]);
        if !applied.is_empty() && applied.len() == cluster.members().len() && equal {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    cluster.leader().await.is_some()
}
