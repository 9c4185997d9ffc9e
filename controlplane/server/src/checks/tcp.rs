//! TCP checks: whether something accepts connections.

use tokio::net::TcpStream;

use super::outcome::Outcome;

pub(super) async fn run(address: &str) -> Outcome {
    match TcpStream::connect(address).await {
        Ok(_) => Outcome::passing(format!("TCP connect {address}: Success")),
        Err(error) => Outcome::critical(format!("dial tcp {address}: {error}")),
    }
}
