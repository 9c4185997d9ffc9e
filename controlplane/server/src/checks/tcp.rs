//! TCP checks: whether something accepts connections, over TLS where that is wished.

use super::dial;
use super::outcome::Outcome;
use super::tls::{Tls, Wish};

pub(super) async fn run(address: &str, wish: Option<&Wish>, tls: &Tls) -> Outcome {
    match connect(address, wish, tls).await {
        Ok(()) => Outcome::passing(format!("TCP connect {address}: Success")),
        Err(error) => Outcome::critical(error),
    }
}

async fn connect(address: &str, wish: Option<&Wish>, tls: &Tls) -> Result<(), String> {
    let stream = dial::tcp(address).await?;
    if let Some(wish) = wish {
        let host = dial::split(address).map_or(address, |(host, _)| host);
        tls.over(stream, host, wish, "").await?;
    }
    Ok(())
}
