//! Reads that are as new as their question.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::ReadError;
use crate::testing::{Cluster, Node, PATIENCE, impatient};

#[tokio::test(flavor = "multi_thread")]
async fn a_read_anywhere_shows_what_was_acknowledged_before() {
    let cluster = Cluster::start(3).await;
    for i in 0..60 {
        let (by, at) = (i % 3 + 1, (i / 3) % 3 + 1);
        let name = format!("node-{i:02}");
        cluster.node(by).write(&name).await.unwrap();
        cluster.node(at).raft.read_index().await.unwrap();
        assert!(cluster.node(at).has(&name), "server {at} does not show what server {by} acknowledged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_leader_reads_nothing() {
    let cluster = Cluster::with(3, impatient()).await;
    let leader = cluster.leader().await;
    let others = cluster.others(leader);
    // What a lease would come from.
    cluster.node(leader).raft.read_index().await.unwrap();
    cluster.net.cut(&[leader], &others);
    let new = cluster.leader_of(&others).await;
    cluster.node(new).write("new").await.unwrap();
    let since = Instant::now();
    assert_eq!(cluster.node(leader).raft.read_index().await, Err(ReadError::NoLeader));
    assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    cluster.net.heal();
    cluster.node(leader).raft.read_index().await.unwrap();
    assert!(cluster.node(leader).has("new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reads_share_a_round() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    for id in [leader, cluster.others(leader)[0]] {
        let node = cluster.node(id);
        let since = Instant::now();
        let reads = (0..20_000).map(|_| node.raft.read_index());
        assert!(futures::future::join_all(reads).await.iter().all(Result::is_ok));
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    }
}

/// Writes numbers in order on one server and keeps the last that was acknowledged.
async fn count(node: Arc<Node>, acknowledged: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    for number in 1.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        while node.write(&format!("node-{number:06}")).await.is_err() {}
        acknowledged.store(number, Ordering::SeqCst);
    }
}

/// Reads on one server; each must show what was acknowledged before it began.
async fn check(node: Arc<Node>, acknowledged: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> u64 {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let before = acknowledged.load(Ordering::SeqCst);
        if node.raft.read_index().await.is_ok() {
            let state = node.store.current();
            let found =
                crate::testing::names(&state).into_iter().filter_map(|name| name[5..].parse::<u64>().ok()).max();
            assert!(found.unwrap_or(0) >= before, "{before} was acknowledged, a read found {found:?}");
            reads += 1;
        }
        sleep(Duration::from_millis(1)).await;
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_stay_linearizable_while_leaders_change() {
    let cluster = Cluster::start(3).await;
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = tokio::spawn(count(cluster.node(1), Arc::clone(&acknowledged), Arc::clone(&stop)));
    let readers: Vec<_> =
        (1..=3).map(|id| tokio::spawn(check(cluster.node(id), Arc::clone(&acknowledged), Arc::clone(&stop)))).collect();
    for round in 0..6 {
        sleep(Duration::from_millis(400)).await;
        let leader = cluster.leader().await;
        if round % 2 == 0 {
            drop(cluster.node(leader).raft.transfer_leader(None).await);
        } else {
            cluster.net.cut(&[leader], &cluster.others(leader));
            sleep(Duration::from_millis(1200)).await;
            cluster.net.heal();
        }
    }
    cluster.leader().await;
    sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    assert!(acknowledged.load(Ordering::SeqCst) > 20);
}
