//! Rule 18, as far as the service decides: streams have an age, can be revoked, and end with the server.

use std::time::{Duration, Instant};

use tonic::Code;
use weft_xds::ads::Config;
use weft_xds::source::Refusal;

use crate::client::{BOTH, Client};
use crate::server::{Server, eventually};
use crate::support::set;

#[tokio::test]
async fn a_stream_ends_well_at_about_its_age() {
    let server = Server::with_config(Config { age_max: Some(Duration::from_millis(500)), ..Config::default() });
    server.source.set(set("cds/a=1"));
    for protocol in BOTH {
        let began = Instant::now();
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        client.expect("cds a=1").await;
        client.expect_end(Code::Ok).await;
        let age = began.elapsed().as_millis();
        assert!((440..1500).contains(&age), "{age} ms");
    }
}

#[tokio::test]
async fn a_revoked_identity_loses_its_stream_at_once() {
    let server = Server::start();
    server.source.set(set("cds/a=1"));
    for protocol in BOTH {
        let mut revoked = Client::connect(server.address, protocol, "web").await;
        revoked.subscribe_all("cds").await;
        revoked.expect("cds a=1").await;
        let mut other = Client::connect(server.address, protocol, "api").await;
        other.subscribe_all("cds").await;
        other.expect("cds a=1").await;
        let refusal = Refusal::Denied("the token is gone".into());
        server.source.refuse("web", refusal);
        let text = revoked.expect_end(Code::PermissionDenied).await;
        assert!(text.contains("the token is gone"), "{text}");
        other.expect_silence().await;
        server.source.admit("web");
    }
}

#[tokio::test]
async fn closing_the_service_ends_all_streams() {
    let server = Server::start();
    let mut clients = Vec::new();
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        client.expect("cds").await;
        clients.push(client);
    }
    server.ads.close().await;
    assert_eq!(server.ads.streams(), 0);
    for client in &mut clients {
        client.expect_end(Code::Unavailable).await;
    }
    let mut late = Client::connect(server.address, BOTH[0], "web").await;
    late.subscribe_all("cds").await;
    late.expect_end(Code::Unavailable).await;
    eventually("nobody is subscribed", || server.source.subscribers() == 0).await;
}
