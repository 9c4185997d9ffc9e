//! Rule 15, as far as the service decides: odd requests, early ends, and no leak of any of it.

use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;
use weft_proto::envoy::discovery::DeltaDiscoveryResponse;
use weft_xds::ads::Config;
use weft_xds::session::{Limits, Protocol};

use crate::client::{BOTH, Client, channel};
use crate::server::{Server, eventually};
use crate::support::{resource, set};

#[tokio::test]
async fn unknown_types_are_ignored_and_the_stream_goes_on() {
    let server = Server::start();
    server.source.set(set("cds/a=1"));
    let unknown = [
        "",
        "type.googleapis.com/envoy.service.runtime.v3.Runtime",
        "type.googleapis.com/envoy.config.cluster.v3.Cluster/../x",
        "\u{0}\u{7f}",
    ];
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        for type_url in unknown {
            client.send(type_url, vec!["a".into()], &["a"], &[], None).await;
        }
        client.subscribe_all("cds").await;
        client.expect("cds a=1").await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn a_huge_list_of_names_is_refused() {
    let server = Server::with_config(Config {
        limits: Limits { names_per_type: 100, ..Limits::default() },
        ..Config::default()
    });
    let names: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe("eds", &names).await;
        client.expect_end(Code::ResourceExhausted).await;
    }
}

#[tokio::test]
async fn a_request_beyond_the_size_limit_ends_the_stream() {
    let server = Server::with_config(Config { request_bytes: 1000, ..Config::default() });
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe("eds", &["x".repeat(2000).as_str()]).await;
        client.expect_end(Code::OutOfRange).await;
    }
}

/// A request whose node is no node.
#[derive(Clone, PartialEq, prost::Message)]
struct Garbage {
    #[prost(bytes, tag = "1")]
    node: Vec<u8>,
}

#[tokio::test]
async fn bytes_that_are_no_request_end_the_stream() {
    let server = Server::start();
    let mut grpc = tonic::client::Grpc::new(channel(server.address).await);
    grpc.ready().await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
    let codec = ProstCodec::<Garbage, DeltaDiscoveryResponse>::new();
    let request = Request::new(ReceiverStream::new(receiver));
    let garbage = Garbage { node: vec![0xff; 40] };
    sender.send(garbage).await.unwrap();
    let response = grpc.streaming(request, path.parse().unwrap(), codec).await;
    let status = match response {
        Ok(response) => response.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    };
    assert_eq!(status.code(), Code::Internal, "{status}");
    eventually("it is gone", || server.ads.streams() == 0).await;
}

#[tokio::test]
async fn a_stream_without_a_request_is_ended() {
    let server = Server::with_config(Config { first_request: Duration::from_millis(100), ..Config::default() });
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.expect_end(Code::DeadlineExceeded).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed_without_a_push() {
    let server = Server::start();
    let mut client = Client::connect(server.address, Protocol::Delta, "web").await;
    client.subscribe_all("cds").await;
    client.expect("cds").await;
    drop(client);
    eventually("it is gone", || server.source.subscribers() == 0).await;
    server.source.put(resource("cds/a=1"));
    assert_eq!(server.ads.streams(), 0);
}
