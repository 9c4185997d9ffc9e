//! A write on any server is a write.

use std::time::{Duration, Instant};

use weft_state::ProposeError;

use crate::testing::{Cluster, Link, PATIENCE, impatient};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_written_to_sees_their_write() {
    let cluster = Cluster::start(3).await;
    for id in 1..=3 {
        let name = format!("by-{id}");
        let index = cluster.node(id).write(&name).await.unwrap();
        assert!(cluster.node(id).has(&name), "server {id} does not show its own write");
        assert!(cluster.node(id).raft.status().applied_index >= index);
    }
    cluster.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writes_on_a_follower_share_syncs() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.node(cluster.others(leader)[0]);
    let before = cluster.node(leader).raft.status().log_syncs;
    let writes = (0..640).map(|i| {
        let follower = &follower;
        async move { follower.write(&format!("node-{i:03}")).await.unwrap() }
    });
    futures::future::join_all(writes).await;
    let syncs = cluster.node(leader).raft.status().log_syncs - before;
    assert!(syncs <= 160, "640 forwarded writes took {syncs} syncs");
    assert_eq!(follower.names().len(), 640);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_without_a_leader_says_no_in_seconds() {
    let cluster = Cluster::with(3, impatient()).await;
    let leader = cluster.leader().await;
    let lonely = cluster.others(leader)[0];
    cluster.net.set_between(&[lonely], &cluster.others(lonely), Link::Closed);
    let since = Instant::now();
    let refused = cluster.node(lonely).write("lost").await.unwrap_err();
    assert_eq!(refused, ProposeError::NoLeader);
    assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    cluster.net.heal();
    cluster.settle().await;
    assert!(!cluster.node(leader).has("lost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_cut_off_acknowledges_nothing() {
    let cluster = Cluster::with(3, impatient()).await;
    let leader = cluster.leader().await;
    let others = cluster.others(leader);
    cluster.net.cut(&[leader], &others);
    let since = Instant::now();
    let cut_off = cluster.node(leader);
    let (first, second) = (cut_off.write("first"), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cut_off.write("second").await
    });
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_err() && second.is_err(), "{first:?} {second:?}");
    assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    let new = cluster.leader_of(&others).await;
    cluster.node(new).write("later").await.unwrap();
    cluster.net.heal();
    cluster.settle().await;
    assert!(cluster.node(leader).has("later"));
}
