//! Rule 15: ten thousand streams that come and go, refused ones among them, leave nothing behind. Alone
//! in its process, because it looks at the memory of the process.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[path = "../grpc/client.rs"]
mod client;
#[path = "../grpc/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

use client::{BOTH, Client, channel, node};
use server::{Server, eventually};
use support::set;
use weft_xds::source::Refusal;

#[tokio::test]
async fn nothing_is_left_of_streams_that_ended() {
    let server = Server::start();
    server.source.set(set("cds/a=1>eds/a eds/a=1 lds/l=1"));
    server.source.refuse("denied", Refusal::Denied("no".into()));
    for protocol in BOTH {
        let channel = channel(server.address).await;
        let streams = async |count: usize| {
            for n in 0..count {
                let node = match n % 4 {
                    0 => None,
                    1 => Some(node("denied")),
                    _ => Some(node("web")),
                };
                let mut client = Client::open(channel.clone(), protocol, node, None).await;
                client.subscribe_all("cds").await;
                if n % 4 == 3 {
                    client.expect("cds a=1").await;
                }
            }
            eventually("all are gone", || server.ads.streams() == 0).await;
        };
        streams(1000).await;
        let before = resident_kib();
        streams(4000).await;
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 4096, "{protocol:?}: {grown} KiB more after 4000 streams");
        assert_eq!(server.source.subscribers(), 0);
        assert_eq!(server.ledger.totals().connected, 0);
        assert!(server.ledger.list().is_empty());
    }
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
