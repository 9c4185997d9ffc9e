//! Servers that end, hang, or come back with less than they had.

use std::time::{Duration, Instant};

use crate::testing::{Cluster, Link, patient};

#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_when_the_leader_ends() {
    let mut cluster = Cluster::start(3).await;
    cluster.node(1).write("before").await.unwrap();
    let leader = cluster.leader().await;
    cluster.kill(leader);
    let since = Instant::now();
    let left = cluster.others(leader)[0];
    cluster.node(left).write("after").await.unwrap();
    let failover = since.elapsed();
    assert!(failover < Duration::from_secs(2), "{failover:?}");
    cluster.run(leader).await.unwrap();
    cluster.settle().await;
    assert!(cluster.node(leader).has("before") && cluster.node(leader).has("after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_process_ends_is_followed_before_its_lease_ends() {
    let mut cluster = Cluster::with(3, patient()).await;
    let leader = cluster.leader().await;
    cluster.node(leader).write("before").await.unwrap();
    cluster.kill(leader);
    let since = Instant::now();
    let left = cluster.others(leader);
    cluster.node(left[0]).write("after").await.unwrap();
    let failover = since.elapsed();
    assert!(failover < Duration::from_secs(5), "{failover:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_connections_only_break_goes_on() {
    let cluster = Cluster::with(3, patient()).await;
    let leader = cluster.leader().await;
    let term = cluster.node(leader).raft.status().term;
    for round in 0..5 {
        cluster.net.set_between(&[leader], &cluster.others(leader), Link::Closed);
        tokio::time::sleep(Duration::from_millis(200)).await;
        cluster.net.heal();
        cluster.node(leader).write(&format!("round-{round}")).await.unwrap();
    }
    assert_eq!((cluster.leader().await, cluster.node(leader).raft.status().term), (leader, term));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_all_end() {
    let mut cluster = Cluster::start(3).await;
    for i in 0..30 {
        cluster.node(i % 3 + 1).write(&format!("node-{i:02}")).await.unwrap();
    }
    for id in 1..=3 {
        cluster.kill(id);
    }
    for id in 1..=3 {
        cluster.run(id).await.unwrap();
    }
    cluster.settle().await;
    assert_eq!(cluster.node(1).names().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_hangs_holds_nobody_up() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let hung = cluster.others(leader)[0];
    // It hears everything, and nothing comes back.
    cluster.net.set(hung, leader, Link::Silent);
    for i in 0..50 {
        let since = Instant::now();
        cluster.node(leader).write(&format!("node-{i:02}")).await.unwrap();
        assert!(since.elapsed() < Duration::from_secs(10), "write {i} took {:?}", since.elapsed());
    }
    assert_eq!(cluster.leader().await, leader);
    cluster.net.heal();
    cluster.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_cut_off_deposes_nobody_when_it_returns() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let term = cluster.node(leader).raft.status().term;
    let away = cluster.others(leader)[0];
    cluster.net.cut(&[away], &cluster.others(away));
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.net.heal();
    cluster.settle().await;
    assert_eq!((cluster.leader().await, cluster.node(leader).raft.status().term), (leader, term));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_whose_log_went_backwards_ends_nobody() {
    let mut cluster = Cluster::start(3).await;
    for i in 0..20 {
        cluster.node(1).write(&format!("node-{i:02}")).await.unwrap();
    }
    let leader = cluster.leader().await;
    let wiped = cluster.others(leader)[0];
    cluster.kill(wiped);
    cluster.wipe(wiped).await;
    cluster.run(wiped).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for i in 20..40 {
        cluster.node(leader).write(&format!("node-{i:02}")).await.unwrap();
    }
    assert_eq!(cluster.node(leader).names().len(), 40);
}
