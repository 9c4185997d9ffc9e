//! Memory and restart time of three servers with many plain instances registered (no mesh), and what one
//! changed key costs beside them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::{Cluster, Peer, SERVERS};
use crate::http::Connection;
use crate::load::{self, Case};

/// Connections that register.
const WRITERS: usize = 32;

pub(crate) async fn run(peer: &Peer, short: bool) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(peer, SERVERS).await?;
    let empty = cluster.resident_mib();
    let sizes: &[usize] = if short { &[100, 10_000] } else { &[100, 10_000, 100_000] };
    let mut there = 0;
    for &size in sizes {
        let start = Instant::now();
        fill(&cluster, there, size).await?;
        let rate = (size - there) as f64 / start.elapsed().as_secs_f64();
        there = size;
        let kib = (cluster.resident_mib() - empty) * 1024.0 / size as f64;
        let figures = load::run(&cluster, Case::KvPut, 16, Duration::from_secs(4)).await?;
        println!(
            "footprint {:7} {size:6} instances ({rate:6.0}/s)  {kib:6.2} KiB an instance  one changed key: {:5} us CPU",
            peer.name(),
            figures.cpu_each.as_micros(),
        );
    }
    let leader = cluster.leader().await?;
    let follower = (leader + 1) % 3;
    cluster.kill(follower)?;
    let restart = cluster.restart(follower).await?;
    println!(
        "footprint {:7} {there:6} instances: a killed follower takes writes again after {restart:.2?}",
        peer.name()
    );
    Ok(())
}

/// Registers instances `from..to`, twenty on a node, one check each.
async fn fill(cluster: &Cluster, from: usize, to: usize) -> anyhow::Result<()> {
    let address = cluster.addresses()[cluster.leader().await?];
    let writers: Vec<_> = (0..WRITERS)
        .map(|place| {
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                for number in (from + place..to).step_by(WRITERS) {
                    connection.put("/v1/catalog/register", &instance(number)).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

fn instance(number: usize) -> serde_json::Value {
    let id = format!("service-{}-{number}", number % 1000);
    json!({"Node": format!("node-{}", number / 20), "Address": "10.0.0.1",
        "Service": {"ID": id, "Service": format!("service-{}", number % 1000), "Port": 8080},
        "Check": {"CheckID": format!("{id}-check"), "Name": "alive", "Status": "passing", "ServiceID": id}})
}
