//! Write to ACK: from the HTTP answer of a registration to the last of N ADS clients holding it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Barrier;

use crate::ads::Client;
use crate::http::Connection;
use crate::stats::{Times, cpu, resident_mib};
use crate::target::{Kind, Target};

pub(crate) async fn run(weft: &Path, short: bool) -> anyhow::Result<()> {
    let rounds = if short { 10 } else { 50 };
    for clients in [1usize, 100, 1000] {
        let target = Target::start(&Kind::Weft(weft.to_owned())).await?;
        let mut writer = Connection::open(target.http).await?;
        for instance in 0..10 {
            writer.put("/v1/agent/service/register", &backend(instance, 1)).await?;
        }
        for caller in 0..clients {
            writer.put("/v1/agent/service/register", &caller_body(caller)).await?;
        }
        let before = resident_mib(target.pid());
        let (all, last, busy) = push(&target, &mut writer, clients, rounds).await?;
        println!(
            "push   weft    {clients:4} clients  p50 {:8.2} ms  p99 {:8.2} ms  last {:8.2} ms  {:6.0} us CPU a client  {:6.1} KiB a stream",
            all.at(0.5),
            all.at(0.99),
            last.at(0.5),
            busy.as_micros() as f64 / (clients * rounds) as f64,
            (resident_mib(target.pid()) - before) * 1024.0 / clients as f64,
        );
    }
    Ok(())
}

/// The port that round `round` gives the changed backend.
fn port(round: usize) -> usize {
    30000 + round
}

fn backend(instance: usize, round: usize) -> serde_json::Value {
    json!({"Name": "backend", "ID": format!("backend-{instance}"), "Port": 8000, "Connect": {"SidecarService": {
        "Port": port(round) + instance, "Checks": [{"TTL": "1h", "Status": "passing"}]}}})
}

fn caller_body(caller: usize) -> serde_json::Value {
    json!({"Name": "caller", "ID": format!("caller-{caller}"), "Port": 7000, "Connect": {"SidecarService": {
        "Port": 20000, "Checks": [{"TTL": "1h", "Status": "passing"}],
        "Proxy": {"Upstreams": [{"DestinationName": "backend", "LocalBindPort": 9191}]}}}})
}

async fn push(
    target: &Target,
    writer: &mut Connection,
    clients: usize,
    rounds: usize,
) -> anyhow::Result<(Times, Times, Duration)> {
    let armed = Arc::new(Barrier::new(clients + 1));
    let tasks: Vec<_> = (0..clients)
        .map(|caller| {
            tokio::spawn(client(target.grpc, format!("caller-{caller}-sidecar-proxy"), rounds, Arc::clone(&armed)))
        })
        .collect();
    let mut answered = Vec::new();
    armed.wait().await;
    let busy = cpu(target.pid());
    for round in 0..rounds {
        writer.put("/v1/agent/service/register", &backend(0, 100 * (round + 1))).await?;
        answered.push(Instant::now());
        armed.wait().await;
    }
    let busy = cpu(target.pid()) - busy;
    let mut slowest = vec![Duration::ZERO; rounds];
    let mut all = Vec::new();
    for task in tasks {
        for (round, at) in task.await??.into_iter().enumerate() {
            let time = at.saturating_duration_since(answered[round]);
            slowest[round] = slowest[round].max(time);
            all.push(time);
        }
    }
    Ok((Times::new(all), Times::new(slowest), busy))
}

/// When this client held the endpoints of each round.
async fn client(
    address: std::net::SocketAddr,
    id: String,
    rounds: usize,
    armed: Arc<Barrier>,
) -> anyhow::Result<Vec<Instant>> {
    let mut client = Client::open(address, &id).await?;
    client.settle(Duration::from_secs(2)).await?;
    armed.wait().await;
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        times.push(client.until_port(u32::try_from(port(100 * (round + 1)))?).await?);
        armed.wait().await;
    }
    Ok(times)
}
