//! A follower that is too far behind for the log gets a raft snapshot.

use std::time::Duration;

use crate::testing::{Cluster, Link, PATIENCE};

/// A snapshot on every server but one, and nothing of the log below it.
async fn purged(cluster: &Cluster, but: u64) -> u64 {
    let mut snapshot = 0;
    for id in cluster.others(but) {
        let node = cluster.node(id);
        node.raft.trigger_snapshot().await.unwrap();
        snapshot = node.raft.status().last_snapshot_index;
        let core = &node.raft.core.raft;
        core.trigger().purge_log(snapshot).await.unwrap();
        let purged = core.wait(Some(PATIENCE));
        purged.metrics(move |metrics| metrics.purged.is_some_and(|p| p.index >= snapshot), "purged").await.unwrap();
    }
    snapshot
}

async fn write_many(cluster: &Cluster, by: u64, count: usize) {
    let node = cluster.node(by);
    let writes = (0..count).map(|i| {
        let node = &node;
        async move { node.write(&format!("node-{i:05}")).await.unwrap() }
    });
    futures::future::join_all(writes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_far_behind_catches_up() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let away = cluster.others(leader)[0];
    cluster.net.cut(&[away], &cluster.others(away));
    write_many(&cluster, leader, 3000).await;
    purged(&cluster, away).await;
    cluster.net.heal();
    cluster.settle().await;
    assert!(cluster.node(away).raft.status().last_snapshot_index > 0);
    assert_eq!(cluster.node(away).names().len(), 3001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_cluster_member_under_a_new_number_gets_everything() {
    let mut cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    write_many(&cluster, leader, 1000).await;
    purged(&cluster, 0).await;
    cluster.run(4).await.unwrap();
    // No writes meanwhile: the leader has nothing but its raft snapshot.
    cluster.node(leader).raft.add_learner(4, crate::testing::member(4)).await.unwrap();
    let got = cluster.node(4);
    tokio::time::timeout(PATIENCE, got.raft.core.progress.wait_applied(1000)).await.unwrap();
    cluster.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_breaks_begins_anew() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let away = cluster.others(leader)[0];
    cluster.net.cut(&[away], &cluster.others(away));
    write_many(&cluster, leader, 3000).await;
    purged(&cluster, away).await;
    for _ in 0..10 {
        cluster.net.heal();
        tokio::time::sleep(Duration::from_millis(20)).await;
        cluster.net.set_between(&[away], &cluster.others(away), Link::Closed);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    cluster.net.heal();
    cluster.settle().await;
}
