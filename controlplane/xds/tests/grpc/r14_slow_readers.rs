//! Rule 14, as far as the service decides: who does not read or answer is let go, and holds nobody up.

use std::time::Duration;

use tonic::Code;
use weft_xds::ads::Config;

use crate::client::{BOTH, Client};
use crate::server::{Server, eventually};
use crate::support::{resource, set};

fn impatient() -> Config {
    Config { stall: Duration::from_millis(300), verdict: Duration::from_secs(2), ..Config::default() }
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_let_go_and_delays_nobody() {
    let server = Server::with_config(impatient());
    let large = "x".repeat(1 << 20);
    server.source.set(set(&format!("cds/a={large} lds/l={large} eds/e={large}")));
    for protocol in BOTH {
        let mut stuck = Client::connect(server.address, protocol, "stuck").await;
        stuck.subscribe_all("cds").await;
        stuck.subscribe_all("lds").await;
        stuck.subscribe("eds", &["e"]).await;
        eventually("it is served", || server.ledger.totals().connected == 1).await;

        let mut quick = Client::connect(server.address, protocol, "quick").await;
        quick.subscribe("sds", &["leaf"]).await;
        if protocol == weft_xds::session::Protocol::Delta {
            quick.expect("sds -leaf").await;
        }
        for n in 0..50 {
            server.source.put(resource(&format!("sds/leaf={protocol:?}{n}")));
            quick.expect(&format!("sds leaf={protocol:?}{n}")).await;
        }
        eventually("it is let go", || server.ledger.totals().connected == 1).await;
        assert_eq!(server.ledger.list()[0].identity.node, "quick");
        drop((stuck, quick));
        server.source.change(|set| {
            set.remove(crate::support::kind("sds"), "leaf");
        });
        eventually("all are gone", || server.ledger.totals().connected == 0).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_let_go() {
    let server = Server::with_config(Config { verdict: Duration::from_millis(200), ..Config::default() });
    server.source.set(set("cds/a=1"));
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        client.take().await.unwrap();
        let text = client.expect_end(Code::DeadlineExceeded).await;
        assert!(text.contains("does not answer"), "{text}");
    }
}

#[tokio::test]
async fn many_changes_make_few_responses() {
    let server = Server::start();
    server.source.set(set("cds/a=0"));
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        let first = client.take().await.unwrap();
        for n in 1..=1000 {
            server.source.put(resource(&format!("cds/a={n}")));
        }
        client.ack(&first).await;
        client.expect("cds a=1000").await;
        client.expect_silence().await;
        server.source.put(resource("cds/a=0"));
    }
}
