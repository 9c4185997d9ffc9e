//! The scenario outlines of the public xDS conformance suite, written anew against [`StaticSource`],
//! which is what an adapter for that suite would drive. Every scenario also listens for needless
//! answers at its end.

use weft_xds::session::Protocol;

use crate::client::{BOTH, Client};
use crate::server::Server;
use crate::support::{kind, resource, set};

/// The types that the outlines run over.
const WILDCARD_TYPES: [&str; 2] = ["cds", "lds"];
const NAMED_TYPES: [&str; 4] = ["cds", "lds", "eds", "rds"];

fn of_type(of: &str, names: &str) -> String {
    let names = names.split_whitespace().map(|name| format!("{of}/{name}"));
    names.collect::<Vec<_>>().join(" ")
}

fn start(resources: &str) -> Server<weft_xds::StaticSource> {
    let server = Server::start();
    server.source.set(set(resources));
    server
}

#[tokio::test]
async fn a_wildcard_brings_all_in_one_response() {
    for (protocol, of) in each(&WILDCARD_TYPES) {
        let server = start(&of_type(of, "a=1 b=1 c=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe_all(of).await;
        client.expect(&format!("{of} a=1 b=1 c=1")).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn a_wildcard_brings_updates() {
    for (protocol, of) in each(&WILDCARD_TYPES) {
        let server = start(&of_type(of, "a=1 b=1 c=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe_all(of).await;
        let first = client.expect(&format!("{of} a=1 b=1 c=1")).await;
        server.source.put(resource(&format!("{of}/b=2")));
        let expected = match protocol {
            Protocol::Delta => format!("{of} b=2"),
            Protocol::Sotw => format!("{of} a=1 b=2 c=1"),
        };
        let second = client.expect(&expected).await;
        assert_ne!(first.version, second.version);
        assert_ne!(first.nonce, second.nonce);
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn a_wildcard_brings_additions_and_removals() {
    for (protocol, of) in each(&WILDCARD_TYPES) {
        let server = start(&of_type(of, "a=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe_all(of).await;
        client.expect(&format!("{of} a=1")).await;
        server.source.put(resource(&format!("{of}/b=1")));
        let (added, removed) = match protocol {
            Protocol::Delta => (format!("{of} b=1"), format!("{of} -a")),
            Protocol::Sotw => (format!("{of} a=1 b=1"), format!("{of} b=1")),
        };
        client.expect(&added).await;
        server.source.remove(kind(of), "a");
        client.expect(&removed).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn names_bring_these_and_no_others() {
    for (protocol, of) in each(&NAMED_TYPES) {
        let server = start(&of_type(of, "a=1 b=1 c=1 d=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["b", "d"]).await;
        client.expect(&format!("{of} b=1 d=1")).await;
        server.source.put(resource(&format!("{of}/a=2")));
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn names_bring_updates_by_the_rules_of_their_type() {
    for (protocol, of) in each(&NAMED_TYPES) {
        let server = start(&of_type(of, "a=1 b=1 c=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["a", "b"]).await;
        client.expect(&format!("{of} a=1 b=1")).await;
        server.source.put(resource(&format!("{of}/b=2")));
        let whole = protocol == Protocol::Sotw && kind(of).kind().wildcard;
        let expected = if whole { "a=1 b=2" } else { "b=2" };
        client.expect(&format!("{of} {expected}")).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn a_missing_name_comes_once_it_is_created() {
    for (protocol, of) in each(&NAMED_TYPES) {
        let server = start(&of_type(of, "a=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["a", "later"]).await;
        let missing = match protocol {
            Protocol::Delta => " -later",
            Protocol::Sotw => "",
        };
        client.expect(&format!("{of} a=1{missing}")).await;
        server.source.put(resource(&format!("{of}/later=1")));
        let whole = protocol == Protocol::Sotw && kind(of).kind().wildcard;
        let expected = if whole { "a=1 later=1" } else { "later=1" };
        client.expect(&format!("{of} {expected}")).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn one_stream_carries_two_types() {
    for protocol in BOTH {
        let server = start("cds/a=1 lds/a=1");
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe("cds", &["a"]).await;
        let cds = client.expect("cds a=1").await;
        client.subscribe("lds", &["a"]).await;
        let lds = client.expect("lds a=1").await;
        assert_ne!(cds.nonce, lds.nonce);
        server.source.put(resource("lds/a=2"));
        client.expect("lds a=2").await;
        server.source.put(resource("cds/a=2"));
        client.expect("cds a=2").await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn dropping_some_names_keeps_the_others() {
    for (protocol, of) in each(&NAMED_TYPES) {
        let server = start(&of_type(of, "a=1 b=1 c=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["a", "b", "c"]).await;
        client.expect(&format!("{of} a=1 b=1 c=1")).await;
        client.unsubscribe(of, &["a", "c"]).await;
        client.expect_silence().await;
        server.source.set(set(&of_type(of, "a=2 b=1 c=2")));
        client.expect_silence().await;
        server.source.put(resource(&format!("{of}/b=2")));
        client.expect(&format!("{of} b=2")).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn dropping_all_names_ends_it() {
    for (protocol, of) in each(&NAMED_TYPES) {
        let server = start(&of_type(of, "a=1 b=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["a", "b"]).await;
        client.expect(&format!("{of} a=1 b=1")).await;
        client.unsubscribe(of, &["a", "b"]).await;
        server.source.set(set(&of_type(of, "a=2 b=2 c=2")));
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn dropping_the_wildcard_ends_it() {
    for (protocol, of) in each(&WILDCARD_TYPES) {
        let server = start(&of_type(of, "a=1 b=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe(of, &["*"]).await;
        client.expect(&format!("{of} a=1 b=1")).await;
        client.unsubscribe(of, &["*"]).await;
        server.source.put(resource(&format!("{of}/b=2")));
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn delta_names_can_be_asked_for_one_by_one() {
    for of in NAMED_TYPES {
        let server = start(&of_type(of, "a=1 b=1 c=1"));
        let mut client = Client::connect(server.address, Protocol::Delta, "test").await;
        let mut nonces = Vec::new();
        for name in ["a", "b", "c"] {
            client.subscribe(of, &[name]).await;
            let got = client.expect(&format!("{of} {name}=1")).await;
            assert!(!nonces.contains(&got.nonce));
            nonces.push(got.nonce);
        }
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn delta_only_the_changed_one_comes_with_its_own_version() {
    for of in NAMED_TYPES {
        let server = start(&of_type(of, "a=1 b=1"));
        let mut client = Client::connect(server.address, Protocol::Delta, "test").await;
        client.subscribe(of, &["a", "b"]).await;
        let first = client.expect(&format!("{of} a=1 b=1")).await;
        server.source.put(resource(&format!("{of}/a=2")));
        let second = client.expect(&format!("{of} a=2")).await;
        assert_ne!(first.versions["a"], second.versions["a"]);
        assert_ne!(first.nonce, second.nonce);
        server.source.put(resource(&format!("{of}/a=1")));
        let third = client.expect(&format!("{of} a=1")).await;
        assert_eq!(first.versions["a"], third.versions["a"]);
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn delta_removed_and_added_again() {
    for of in NAMED_TYPES {
        let server = start(&of_type(of, "a=1 b=1"));
        let mut client = Client::connect(server.address, Protocol::Delta, "test").await;
        client.subscribe(of, &["a", "b"]).await;
        client.expect(&format!("{of} a=1 b=1")).await;
        server.source.remove(kind(of), "a");
        client.expect(&format!("{of} -a")).await;
        server.source.put(resource(&format!("{of}/a=1")));
        client.expect(&format!("{of} a=1")).await;
        client.expect_silence().await;
    }
}

#[tokio::test]
async fn clearing_the_set_takes_all_away() {
    for (protocol, of) in each(&WILDCARD_TYPES) {
        let server = start(&of_type(of, "a=1 b=1"));
        let mut client = Client::connect(server.address, protocol, "test").await;
        client.subscribe_all(of).await;
        client.expect(&format!("{of} a=1 b=1")).await;
        server.source.clear();
        let expected = match protocol {
            Protocol::Delta => format!("{of} -a -b"),
            Protocol::Sotw => of.to_owned(),
        };
        client.expect(&expected).await;
        client.expect_silence().await;
    }
}

fn each<'a>(types: &'a [&'a str]) -> impl Iterator<Item = (Protocol, &'a str)> {
    let pairs = BOTH.into_iter();
    pairs.flat_map(move |protocol| types.iter().map(move |of| (protocol, *of)))
}
