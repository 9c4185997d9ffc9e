//! SIGKILL to the leader of three servers under a steady load of writes: how long no write gets through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::Client;
use crate::cluster::{Cluster, Peer, SERVERS};
use crate::stats::Times;

const WRITERS: usize = 16;

/// A writer gives up a request after this and tries the next server.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn run(peer: &Peer, short: bool) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(peer, SERVERS).await?;
    let mut gaps = Vec::new();
    for _ in 0..if short { 3 } else { 10 } {
        let leader = cluster.leader().await?;
        gaps.push(one(&mut cluster, leader).await?);
        cluster.restart(leader).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let gaps = Times::new(gaps);
    println!(
        "failover {:7} {} kills of the leader: writes pass again after median {:7.0} ms, slowest {:7.0} ms",
        peer.name(),
        gaps.count(),
        gaps.at(0.5),
        gaps.at(1.0),
    );
    Ok(())
}

/// The time from the kill to the first write that began after it and was acknowledged.
async fn one(cluster: &mut Cluster, leader: usize) -> anyhow::Result<Duration> {
    let stop = Arc::new(AtomicBool::new(false));
    let (report, mut done) = mpsc::channel(WRITERS * 64);
    let writers: Vec<_> = (0..WRITERS)
        .map(|place| {
            let (peer, addresses) = (cluster.peer.clone(), cluster.addresses());
            tokio::spawn(writer(peer, addresses, place, Arc::clone(&stop), report.clone()))
        })
        .collect();
    let drain = |done: &mut mpsc::Receiver<(Instant, Instant)>| while done.try_recv().is_ok() {};
    tokio::time::sleep(Duration::from_secs(1)).await;
    drain(&mut done);
    let killed = Instant::now();
    cluster.kill(leader)?;
    let passed = timeout(Duration::from_secs(60), async {
        while let Some((began, ended)) = done.recv().await {
            if began > killed {
                return Some(ended);
            }
        }
        None
    });
    let ended = passed.await?.ok_or_else(|| anyhow::anyhow!("no writer left"))?;
    stop.store(true, Ordering::Relaxed);
    drop(done);
    for writer in writers {
        writer.await?;
    }
    Ok(ended - killed)
}

/// Writes without a pause; on any failure at the next server.
async fn writer(
    peer: Peer,
    addresses: Vec<SocketAddr>,
    place: usize,
    stop: Arc<AtomicBool>,
    report: mpsc::Sender<(Instant, Instant)>,
) {
    let mut turn = place;
    while !stop.load(Ordering::Relaxed) {
        let address = addresses[turn % addresses.len()];
        turn += 1;
        let Ok(Ok(mut client)) = timeout(PATIENCE, Client::open(&peer, address)).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            match timeout(PATIENCE, client.put(&format!("failover/{place}"), b"x")).await {
                // A full queue only means that nobody looks just now.
                Ok(Ok(())) => drop(report.try_send((began, Instant::now()))),
                Ok(Err(_)) | Err(_) => break,
            }
        }
    }
}
