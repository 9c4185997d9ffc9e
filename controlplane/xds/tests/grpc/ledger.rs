//! The ledger: what was sent, accepted and refused, and whether a change has reached everybody.

use std::time::Duration;

use tokio::time::timeout;

use crate::client::{BOTH, Client};
use crate::server::{Server, eventually};
use crate::support::{resource, set};

#[tokio::test]
async fn it_knows_when_a_change_has_reached_everybody() {
    let server = Server::start();
    let first = server.source.set(set("cds/a=1 lds/l=1"));
    assert!(server.ledger.all_acked(first), "nobody is connected");
    let mut clients = Vec::new();
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        client.expect("cds a=1").await;
        client.subscribe_all("lds").await;
        client.expect("lds l=1").await;
        clients.push(client);
    }
    timeout(Duration::from_secs(30), server.ledger.wait_acked(first)).await.unwrap();

    let second = server.source.put(resource("lds/l=2"));
    let quick = clients[0].expect("lds l=2").await;
    let slow = clients[1].take().await.unwrap();
    assert_eq!(quick.shown, slow.shown);
    eventually("one has it", || server.ledger.lagging(second).len() == 1).await;
    assert!(!server.ledger.all_acked(second));
    assert!(server.ledger.all_acked(first));

    let ledger = server.ledger.clone();
    let waiting = tokio::spawn(async move { ledger.wait_acked(second).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    clients[1].ack(&slow).await;
    timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_leaves_is_not_waited_for() {
    let server = Server::start();
    let index = server.source.set(set("cds/a=1"));
    let mut client = Client::connect(server.address, BOTH[0], "web").await;
    client.subscribe_all("cds").await;
    client.take().await.unwrap();
    let ledger = server.ledger.clone();
    let waiting = tokio::spawn(async move { ledger.wait_acked(index).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(client);
    timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_change_that_concerns_nobody_has_reached_everybody() {
    let server = Server::start();
    server.source.set(set("cds/a=1"));
    let mut client = Client::connect(server.address, BOTH[0], "web").await;
    client.subscribe_all("cds").await;
    client.expect("cds a=1").await;
    let index = server.source.put(resource("rds/unasked=1"));
    timeout(Duration::from_secs(30), server.ledger.wait_acked(index)).await.unwrap();
}

#[tokio::test]
async fn refusals_are_kept_counted_and_block_the_all_clear() {
    let server = Server::start();
    for protocol in BOTH {
        let before = server.ledger.totals();
        let index = server.source.set(set("cds/good=1 cds/bad=1"));
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        let got = client.take().await.unwrap();
        client.nack(&got, "Error adding/updating cluster(s) bad: no").await;
        eventually("it is counted", || server.ledger.totals().nacks == before.nacks + 1).await;
        assert!(!server.ledger.all_acked(index));

        let record = server.ledger.list().pop().unwrap();
        assert_eq!(record.identity.node, "web");
        let cds = &record.types["cds"];
        let nack = cds.last_nack.as_ref().unwrap();
        assert_eq!(nack.names, ["bad"]);
        assert_eq!(nack.message, "Error adding/updating cluster(s) bad: no");
        assert_eq!((nack.code, &nack.nonce), (3, &got.nonce));
        assert_eq!((cds.nacks, cds.acked_index), (1, 0));
        assert_eq!((cds.sent_index, &cds.sent_nonce), (index, &got.nonce));

        let index = server.source.put(resource("cds/bad=2"));
        let got = client.take().await.unwrap();
        assert_eq!(got.shown, "cds bad=2 good=1");
        client.ack(&got).await;
        timeout(Duration::from_secs(30), server.ledger.wait_acked(index)).await.unwrap();
        let record = server.ledger.list().pop().unwrap();
        assert_eq!(record.types["cds"].acked_index, index);
        assert!(record.types["cds"].last_nack.is_some(), "the last refusal stays visible");
        drop(client);
        eventually("it left", || server.ledger.totals().connected == 0).await;
    }
}

#[tokio::test]
async fn it_is_shown_as_json() {
    let server = Server::start();
    server.source.set(set("cds/a=1"));
    let mut client = Client::connect(server.address, BOTH[0], "web").await;
    client.subscribe_all("cds").await;
    client.expect("cds a=1").await;
    eventually("it is acked", || server.ledger.totals().acks == 1).await;
    let shown = serde_json::to_value(server.ledger.list()).unwrap();
    assert_eq!(shown[0]["node"], "web");
    assert_eq!(shown[0]["protocol"], "delta");
    assert_eq!(shown[0]["types"]["cds"]["acked_index"], 2);
}
