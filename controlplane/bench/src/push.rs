//! Write to ACK: until the last of N ADS clients holds a changed registration, from its HTTP answer and
//! from the start of its request. Clients often hold it before the writer has its answer.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ads::Client;
use crate::http::Connection;
use crate::meeting::Meeting;
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
        let Figures { all, whole, last, busy } = push(&target, &mut writer, clients, rounds).await?;
        println!(
            "push   weft    {clients:4} clients  after the answer: p50 {:6.2} ms, p99 {:6.2} ms, last {:6.2} ms  from the request: p50 {:6.2} ms, last {:6.2} ms  {:4.0} us CPU a client  {:6.1} KiB a stream",
            all.at(0.5),
            all.at(0.99),
            last.at(0.5),
            whole.at(0.5),
            whole.at(1.0),
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

/// What the rounds gave.
struct Figures {
    /// From the HTTP answer, each client and round; zero when the client was first.
    all: Times,
    /// From the start of the request, each client and round.
    whole: Times,
    /// From the HTTP answer, each round's last client.
    last: Times,
    /// CPU time of the server.
    busy: Duration,
}

async fn push(target: &Target, writer: &mut Connection, clients: usize, rounds: usize) -> anyhow::Result<Figures> {
    let armed = Arc::new(Meeting::with(clients));
    let tasks: Vec<_> = (0..clients)
        .map(|caller| {
            let id = format!("caller-{caller}-sidecar-proxy");
            tokio::spawn(client(target.grpc, id, rounds, Arc::clone(&armed)))
        })
        .collect();
    let mut writes = Vec::new();
    armed.wait().await?;
    let busy = cpu(target.pid());
    for round in 0..rounds {
        let start = Instant::now();
        writer.put("/v1/agent/service/register", &backend(0, 100 * (round + 1))).await?;
        writes.push((start, Instant::now()));
        armed.wait().await?;
    }
    let busy = cpu(target.pid()) - busy;
    let (mut all, mut whole, mut last) = (Vec::new(), Vec::new(), vec![Duration::ZERO; rounds]);
    for task in tasks {
        for ((at, (start, answered)), last) in task.await??.into_iter().zip(&writes).zip(&mut last) {
            let time = at.saturating_duration_since(*answered);
            *last = time.max(*last);
            all.push(time);
            whole.push(at - *start);
        }
    }
    Ok(Figures { all: Times::new(all), whole: Times::new(whole), last: Times::new(last), busy })
}

/// When this client held the endpoints of each round.
async fn client(
    address: std::net::SocketAddr,
    id: String,
    rounds: usize,
    armed: Arc<Meeting>,
) -> anyhow::Result<Vec<Instant>> {
    let mut client = Client::open(address, &id).await?;
    client.settle(Duration::from_secs(2)).await?;
    armed.wait().await?;
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        times.push(client.until_port(u32::try_from(port(100 * (round + 1)))?).await?);
        armed.wait().await?;
    }
    Ok(times)
}
