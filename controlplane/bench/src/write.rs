//! Registrations through the agent endpoint: writes a second and their latency by number of clients.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::Connection;
use crate::stats::{Times, cpu};
use crate::target::{Kind, Target};

pub(crate) async fn run(kind: &Kind, short: bool) -> anyhow::Result<()> {
    let target = Target::start(kind).await?;
    let length = Duration::from_secs(if short { 2 } else { 8 });
    for clients in [1, 16, 64, 256] {
        let (busy, start) = (cpu(target.pid()), Instant::now());
        let tasks: Vec<_> =
            (0..clients).map(|client| tokio::spawn(client_loop(target.http, client, start + length))).collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await??);
        }
        let elapsed = start.elapsed().as_secs_f64();
        let used = (cpu(target.pid()) - busy).as_micros() as f64;
        let times = Times::new(times);
        println!(
            "write  {:7} {clients:4} clients {:9.0}/s  p50 {:8.2} ms  p99 {:8.2} ms  {:6.0} us CPU each",
            kind.name(),
            times.count() as f64 / elapsed,
            times.at(0.5),
            times.at(0.99),
            used / times.count() as f64,
        );
    }
    Ok(())
}

/// Registers one instance again and again, changed each time, until the deadline.
async fn client_loop(address: std::net::SocketAddr, client: usize, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    let mut round = 0u64;
    while Instant::now() < until {
        round += 1;
        let body = json!({"Name": format!("bench-{}", client % 50), "ID": format!("bench-{client}"), "Port": 1000 + round % 60000});
        let start = Instant::now();
        connection.put("/v1/agent/service/register", &body).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
