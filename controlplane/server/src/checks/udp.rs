//! UDP checks: whether anybody says that nobody is there.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::dial;
use super::outcome::Outcome;

/// How long a closed port may take to say so. Open ones need not say anything.
const REFUSAL_MAX: Duration = Duration::from_secs(1);

pub(super) async fn run(address: &str) -> Outcome {
    match probe(address).await {
        Ok(()) => Outcome::passing(format!("UDP connect {address}: Success")),
        Err(error) => Outcome::critical(error),
    }
}

async fn probe(address: &str) -> Result<(), String> {
    let found = dial::resolve("udp", address).await?;
    let Some(target) = found.first().copied() else { return Err(format!("dial udp {address}: no address")) };
    let any: SocketAddr =
        if target.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let answer = async {
        let socket = UdpSocket::bind(any).await?;
        socket.connect(target).await?;
        socket.send(&[]).await?;
        // Any answer will do, and so will none.
        timeout(REFUSAL_MAX, socket.recv(&mut [0; 1])).await.unwrap_or(Ok(0))
    };
    let answer: std::io::Result<usize> = answer.await;
    answer.map(drop).map_err(|error| format!("read udp {target}: {}", dial::reason(&error)))
}
