//! Blocking queries: from the start of a write to the answers of all that wait for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Mutex;

use crate::http::Connection;
use crate::meeting::Meeting;
use crate::stats::{Times, cpu, resident_mib};
use crate::target::{Kind, Target};

pub(crate) async fn run(kind: &Kind, short: bool) -> anyhow::Result<()> {
    let rounds = if short { 5 } else { 20 };
    for waiters in [1usize, 100, 1000, 5000] {
        let target = Target::start(kind).await?;
        let mut writer = Connection::open(target.http).await?;
        for instance in 0..10 {
            writer.put("/v1/agent/service/register", &instance_body(instance, 1)).await?;
        }
        let before = resident_mib(target.pid());
        let (busy, (all, last)) = (cpu(target.pid()), wake(&target, &mut writer, waiters, rounds).await?);
        println!(
            "wake   {:7} {waiters:4} waiters  p50 {:8.2} ms  p99 {:8.2} ms  last {:8.2} ms  {:6.0} us CPU a waiter  {:6.1} KiB a waiter",
            kind.name(),
            all.at(0.5),
            all.at(0.99),
            last.at(0.5),
            (cpu(target.pid()) - busy).as_micros() as f64 / (waiters * rounds) as f64,
            (resident_mib(target.pid()) - before) * 1024.0 / waiters as f64,
        );
    }
    Ok(())
}

fn instance_body(instance: usize, port: usize) -> serde_json::Value {
    json!({"Name": "watched", "ID": format!("watched-{instance}"), "Port": 1000 + port % 60000})
}

/// All wake-up times, and each round's slowest.
async fn wake(
    target: &Target,
    writer: &mut Connection,
    waiters: usize,
    rounds: usize,
) -> anyhow::Result<(Times, Times)> {
    let armed = Arc::new(Meeting::with(waiters));
    let woken = Arc::new(Mutex::new(Vec::with_capacity(waiters)));
    let tasks: Vec<_> = (0..waiters)
        .map(|_| tokio::spawn(waiter(target.http, rounds, Arc::clone(&armed), Arc::clone(&woken))))
        .collect();
    let (mut all, mut slowest) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        armed.wait().await?;
        // The requests are sent; give the server time to have them all waiting.
        tokio::time::sleep(Duration::from_millis(300 + waiters as u64 / 2)).await;
        let start = Instant::now();
        writer.put("/v1/agent/service/register", &instance_body(0, round + 2)).await?;
        armed.wait().await?;
        let times: Vec<Duration> = woken.lock().await.drain(..).map(|at: Instant| at - start).collect();
        slowest.extend(times.iter().max().copied());
        all.extend(times);
    }
    for task in tasks {
        task.await??;
    }
    Ok((Times::new(all), Times::new(slowest)))
}

async fn waiter(
    address: SocketAddr,
    rounds: usize,
    armed: Arc<Meeting>,
    woken: Arc<Mutex<Vec<Instant>>>,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let (mut index, _) = connection.get("/v1/health/service/watched").await?;
    for _ in 0..rounds {
        armed.wait().await?;
        let path = format!("/v1/health/service/watched?index={index}&wait=60s");
        let answer = connection.send("GET", &path, "").await?;
        woken.lock().await.push(Instant::now());
        index = answer.index;
        armed.wait().await?;
    }
    Ok(())
}
