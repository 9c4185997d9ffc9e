//! Thousands of checks on one agent: what heartbeats and probes that say nothing new cost it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::http::Connection;
use crate::stats;
use crate::target::{Kind, Target};

/// Checks of one kind.
const CHECKS: usize = 5000;

/// How often each of them is heard of, in heartbeats a second, or probed.
const HEARTBEATS: usize = 5000;
const INTERVAL: &str = "10s";

/// Connections that heartbeats share.
const CONNECTIONS: usize = 16;

pub(crate) async fn run(kind: &Kind, short: bool) -> anyhow::Result<()> {
    let length = Duration::from_secs(if short { 10 } else { 30 });
    heartbeats(kind, length).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let server = tokio::spawn(answer(listener));
    probes(kind, "TCP", &json!({"TCP": at.to_string()}), length).await?;
    probes(kind, "HTTP", &json!({"HTTP": format!("http://{at}/health")}), length).await?;
    server.abort();
    Ok(())
}

async fn heartbeats(kind: &Kind, length: Duration) -> anyhow::Result<()> {
    let target = Target::start(kind).await?;
    register(target.http, &json!({"TTL": "600s"})).await?;
    // The first ones change the status.
    beat(target.http, CHECKS, Duration::from_secs(1)).await?;
    sleep(Duration::from_secs(2)).await;
    let written = index(target.http).await?;
    let (busy, start) = (stats::cpu(target.pid()), Instant::now());
    let count = HEARTBEATS * usize::try_from(length.as_secs())?;
    beat(target.http, count, length).await?;
    let (busy, took) = (stats::cpu(target.pid()) - busy, start.elapsed());
    println!(
        "checks {:7} {CHECKS} TTL checks  {:6.0} heartbeats/s  {:5.1} % of a core  {} writes",
        kind.name(),
        count as f64 / took.as_secs_f64(),
        busy.as_secs_f64() / took.as_secs_f64() * 100.0,
        index(target.http).await? - written,
    );
    Ok(())
}

async fn probes(kind: &Kind, name: &str, how: &Value, length: Duration) -> anyhow::Result<()> {
    let target = Target::start(kind).await?;
    let mut definition = how.clone();
    definition["Interval"] = INTERVAL.into();
    register(target.http, &definition).await?;
    // Until all have their first result.
    sleep(Duration::from_secs(20)).await;
    let written = index(target.http).await?;
    let (busy, start) = (stats::cpu(target.pid()), Instant::now());
    sleep(length).await;
    let (busy, took) = (stats::cpu(target.pid()) - busy, start.elapsed());
    println!(
        "checks {:7} {CHECKS} {name} checks every {INTERVAL}  {:5.1} % of a core  {} writes  {:.0} MiB",
        kind.name(),
        busy.as_secs_f64() / took.as_secs_f64() * 100.0,
        index(target.http).await? - written,
        stats::resident_mib(target.pid()),
    );
    Ok(())
}

async fn register(api: SocketAddr, definition: &Value) -> anyhow::Result<()> {
    let writers: Vec<_> = (0..CONNECTIONS)
        .map(|place| {
            let definition = definition.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(api).await?;
                for number in (place..CHECKS).step_by(CONNECTIONS) {
                    let mut check = definition.clone();
                    check["CheckID"] = format!("c-{number}").into();
                    let body =
                        json!({"Name": format!("s-{}", number % 500), "ID": format!("s-{number}"), "Check": check});
                    connection.put("/v1/agent/service/register", &body).await?;
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

/// So many heartbeats, spread over a time.
async fn beat(api: SocketAddr, count: usize, over: Duration) -> anyhow::Result<()> {
    let each = count / CONNECTIONS;
    let beaters: Vec<_> = (0..CONNECTIONS)
        .map(|place| {
            tokio::spawn(async move {
                let mut connection = Connection::open(api).await?;
                let mut pace = interval(over / u32::try_from(each)?);
                // A client that was held up makes up for it.
                pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
                for beat in 0..each {
                    pace.tick().await;
                    let path = format!("/v1/agent/check/pass/c-{}", (beat * CONNECTIONS + place) % CHECKS);
                    connection.send("PUT", &path, "").await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for beater in beaters {
        beater.await??;
    }
    Ok(())
}

/// The index of the last write that concerns checks.
async fn index(api: SocketAddr) -> anyhow::Result<u64> {
    Ok(Connection::open(api).await?.get("/v1/health/state/any").await?.0)
}

/// Answers 200 to whatever is asked.
async fn answer(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut request = [0; 1024];
            // A TCP check asks nothing.
            while let Ok(1..) = stream.read(&mut request).await {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?;
            }
            Ok::<_, std::io::Error>(())
        });
    }
}
