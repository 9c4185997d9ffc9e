//! The leader's duty to have all servers compare their states; see [`crate::hashes`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use weft_model::Command;
use weft_state::ProposeError;

use crate::core::{Core, Leader};
use crate::hashes::Hash;

/// Compares every so often while this server leads, until it is told to stop.
pub(crate) async fn run(core: Arc<Core>, every: Duration) {
    let mut times = interval(every.max(Duration::from_millis(1)));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once, when there is nothing to compare yet.
    times.tick().await;
    while core.stop.run_until_cancelled(times.tick()).await.is_some() {
        if core.leader() == Leader::Here
            && let Err(error) = verify(&core).await
        {
            tracing::debug!(%error, "the servers' states were not compared");
        }
    }
}

/// One comparison. Nothing when this server did not come to hash its state.
pub(crate) async fn verify(core: &Core) -> Result<Option<(u64, Hash)>, ProposeError> {
    let (index, _) = core.store.propose(Command::Mark).await?;
    let Some(hash) = core.hashes.at(index).await else { return Ok(None) };
    core.store.propose(Command::Verify { index, hash }).await?;
    Ok(Some((index, hash)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use weft_model::Command;

    use crate::StartError;
    use crate::testing::{Cluster, Server, kept};

    #[tokio::test(flavor = "multi_thread")]
    async fn all_servers_compare_and_agree() {
        let cluster = Cluster::start(3).await;
        let leader = cluster.leader().await;
        cluster.node(leader).write("something").await.unwrap();
        let (index, hash) = cluster.node(leader).raft.verify_state().await.unwrap().unwrap();
        cluster.settle().await;
        for id in 1..=3 {
            let taken = cluster.node(id).raft.core.hashes.at(index).await;
            assert_eq!(taken, Some(hash), "server {id}");
        }
    }

    /// A server that differs notes it; the child process in which it does so is this test again.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_differs_ends_for_good() {
        const DIR: &str = "WEFT_RAFT_TEST_DIVERGED_DIR";
        if let Some(dir) = std::env::var_os(DIR) {
            let server = Server::start(kept(dir.as_ref())).await.unwrap();
            let (index, mut hash) = server.raft.verify_state().await.unwrap().unwrap();
            hash[9] ^= 1;
            server.store.propose(Command::Verify { index, hash }).await.unwrap();
            return std::future::pending().await;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "verify::tests::a_server_that_differs_ends_for_good", "--nocapture"])
            .env(DIR, dir.path());
        let output = child.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains("a state that is not the cluster's"), "{complaint}");
        let error = Server::start(kept(dir.path())).await.map(drop).unwrap_err();
        assert!(
            matches!(&error, StartError::Damaged { why, .. } if why.contains("the state here has the hash")),
            "{error}"
        );
    }
}
