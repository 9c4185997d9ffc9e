//! DNS: answers a second over UDP, their latency, and what they cost the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::http::Connection;
use crate::stats::{self, Times};
use crate::target::{Kind, Target};

/// Instances of the service that is asked for.
const INSTANCES: u32 = 10;

/// An answer that is later than this is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked: a name, and the number of a type.
const CASES: [(&str, &[&str], u16); 3] = [
    ("A", &["web", "service", "consul"], 1),
    ("SRV", &["web", "service", "consul"], 33),
    ("missing", &["none", "service", "consul"], 1),
];

pub(crate) async fn run(kind: &Kind, short: bool) -> anyhow::Result<()> {
    let target = Target::start(kind).await?;
    prepare(target.http).await?;
    let length = Duration::from_secs(if short { 2 } else { 6 });
    for (name, labels, of_type) in CASES {
        for clients in [1, 64, 256] {
            let (busy, start) = (stats::cpu(target.pid()), Instant::now());
            let loops: Vec<_> = (0..clients)
                .map(|_| tokio::spawn(client_loop(target.dns, question(labels, of_type), start + length)))
                .collect();
            let (mut times, mut lost) = (Vec::new(), 0);
            for client in loops {
                let (own, missed) = client.await??;
                times.extend(own);
                lost += missed;
            }
            let count = u32::try_from(times.len().max(1))?;
            let (rate, times) = (f64::from(count) / start.elapsed().as_secs_f64(), Times::new(times));
            println!(
                "dns    {:7} {name:8} {clients:4} clients {rate:9.0}/s  p50 {:7.3} ms  p99 {:7.3} ms  {:5.1} us CPU each  {lost} lost",
                kind.name(),
                times.at(0.5),
                times.at(0.99),
                (stats::cpu(target.pid()) - busy).as_secs_f64() * 1e6 / f64::from(count),
            );
        }
    }
    Ok(())
}

/// The service `web`, healthy, each instance on a node of its own.
async fn prepare(api: SocketAddr) -> anyhow::Result<()> {
    let mut connection = Connection::open(api).await?;
    for number in 0..INSTANCES {
        let body = json!({"Node": format!("node-{number}"), "Address": format!("10.0.0.{number}"),
            "Service": {"ID": format!("web-{number}"), "Service": "web", "Port": 8080},
            "Check": {"CheckID": format!("web-{number}"), "Status": "passing", "Name": "alive", "ServiceID": format!("web-{number}")}});
        connection.put("/v1/catalog/register", &body).await?;
    }
    Ok(())
}

/// A request with EDNS and room for 1232 bytes. Its id comes first.
fn question(labels: &[&str], of_type: u16) -> Vec<u8> {
    let mut request = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in labels {
        request.push(label.len() as u8);
        request.extend_from_slice(label.as_bytes());
    }
    request.push(0);
    request.extend_from_slice(&of_type.to_be_bytes());
    request.extend_from_slice(&[0, 1]);
    request.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    request
}

async fn client_loop(at: SocketAddr, mut request: Vec<u8>, until: Instant) -> anyhow::Result<(Vec<Duration>, usize)> {
    let socket = UdpSocket::bind((at.ip(), 0)).await?;
    socket.connect(at).await?;
    let (mut times, mut lost, mut id, mut answer) = (Vec::new(), 0, 0_u16, [0; 4096]);
    while Instant::now() < until {
        id = id.wrapping_add(1);
        request[..2].copy_from_slice(&id.to_be_bytes());
        let start = Instant::now();
        socket.send(&request).await?;
        let answered = async {
            loop {
                let length = socket.recv(&mut answer).await?;
                if length > 12 && answer[..2] == request[..2] {
                    return Ok::<_, std::io::Error>(());
                }
            }
        };
        match timeout(PATIENCE, answered).await {
            Ok(outcome) => {
                outcome?;
                times.push(start.elapsed());
            }
            Err(_) => lost += 1,
        }
    }
    Ok((times, lost))
}
