//! Writes with retries, through partitions and leader changes: none lost, none applied twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use weft_model::config_entry::{ConfigEntry, Kind, ServiceDefaults};
use weft_model::{Command, Reply};
use weft_state::{ProposeError, StateView};

use crate::testing::{Cluster, Link, Node, impatient};

/// What became of the writes of one client.
#[derive(Default)]
struct Told {
    yes: BTreeSet<String>,
    no: BTreeSet<String>,
}

/// Creates keys that must not exist. Applied twice, the second time says no.
async fn create(node: Arc<Node>, client: usize, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return told;
        }
        let key = format!("{client}-{number:05}");
        let entry = ServiceDefaults { name: key.clone(), ..ServiceDefaults::default() };
        let entry = Box::new(ConfigEntry::ServiceDefaults(entry));
        match node.store.propose(Command::ConfigUpsert { entry, cas: Some(0) }).await {
            Ok((_, Reply::Swapped(swapped))) => {
                assert!(swapped, "{key} was applied twice");
                told.yes.insert(key);
            }
            Ok((_, other)) => panic!("{other:?}"),
            Err(ProposeError::NoLeader) => drop(told.no.insert(key)),
            Err(ProposeError::Refused(error)) => panic!("{error}"),
            Err(ProposeError::Unavailable(_) | ProposeError::TimedOut | ProposeError::ShuttingDown) => {}
        }
    }
    told
}

async fn storm(servers: u64, rounds: u64) {
    let cluster = Cluster::with(servers, impatient()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..servers as usize * 4)
        .map(|client| {
            let node = cluster.node(client as u64 % servers + 1);
            tokio::spawn(create(node, client, Arc::clone(&stop)))
        })
        .collect();
    for round in 0..rounds {
        sleep(Duration::from_millis(300)).await;
        let leader = cluster.leader().await;
        let others = cluster.others(leader);
        match round % 4 {
            0 => cluster.net.cut(&[leader], &others),
            1 => cluster.net.set_between(&[leader], &others, Link::Closed),
            // Its followers hear it, it does not hear them; and the other way round.
            2 => others.iter().for_each(|other| cluster.net.set(*other, leader, Link::Silent)),
            _ => drop(cluster.node(leader).raft.transfer_leader(None).await),
        }
        sleep(Duration::from_millis(1200)).await;
        cluster.net.heal();
    }
    cluster.leader().await;
    sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    let told: Vec<Told> = futures::future::join_all(clients).await.into_iter().map(Result::unwrap).collect();
    cluster.settle().await;
    let state = cluster.node(1).store.current();
    let view = StateView::new(&state);
    let mut written = 0;
    for told in &told {
        for key in &told.yes {
            assert!(view.config_entry(Kind::ServiceDefaults, key).is_some(), "{key} was acknowledged and is lost");
        }
        for key in &told.no {
            assert!(view.config_entry(Kind::ServiceDefaults, key).is_none(), "{key} was refused and is there");
        }
        written += told.yes.len();
    }
    assert!(written > 100, "only {written} writes were acknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_servers_lose_and_double_nothing() {
    storm(3, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_servers_lose_and_double_nothing() {
    storm(5, 4).await;
}
