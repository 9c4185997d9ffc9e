//! What becomes of one call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpListener;

use super::super::MESSAGE_MAX;
use super::support::{Echo, SOON, Server, ask, tls, transport};
use crate::transport::{Method, PeerAddress, Transport, TransportError};

#[tokio::test]
async fn a_call_is_answered_or_refused_with_the_peers_reason() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let transport = transport(&tls);
    assert_eq!(ask(&transport, server.peer(), b"yes", SOON).await.unwrap(), "yes");
    assert_eq!(ask(&transport, server.peer(), b"no", SOON).await, Err(TransportError::Refused("because".into())));
}

#[tokio::test]
async fn a_call_for_somebody_else_does_not_come_in() {
    let tls = tls();
    let echo = Arc::new(Echo::default());
    let server = Server::start(&tls, echo.clone()).await;
    let transport = transport(&tls);
    let other = PeerAddress { id: 3, ..server.peer() };
    let refused = |answer: Result<Bytes, TransportError>, text: &str| {
        let Err(TransportError::Refused(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains(text), "{why}");
    };
    refused(ask(&transport, other, b"a", SOON).await, "server 3 is meant, but server 2");
    server.identity.set_cluster("d");
    refused(ask(&transport, server.peer(), b"a", SOON).await, "belongs to cluster c, server 2 to cluster d");
    server.identity.set_cluster("");
    refused(ask(&transport, server.peer(), b"a", SOON).await, "belongs to no cluster yet");
    assert_eq!(echo.asked.load(Ordering::SeqCst), 0);
    let greeting = transport.call(server.peer(), Method::Hello, Bytes::from_static(b"a"), SOON).await;
    assert_eq!(greeting.unwrap(), "a");
}

#[tokio::test]
async fn what_was_never_sent_is_unreachable_and_what_may_have_been_is_unknown() {
    let tls = tls();
    let transport = transport(&tls);
    let closed = {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        PeerAddress { id: 2, address: listener.local_addr().unwrap().to_string() }
    };
    let answer = ask(&transport, closed, b"a", SOON).await;
    assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");

    let nameless = PeerAddress { id: 2, address: "no.such.host.invalid:1".into() };
    let answer = ask(&transport, nameless, b"a", SOON).await;
    assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");

    // Takes connections and says nothing.
    let silent = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let mute = PeerAddress { id: 2, address: silent.local_addr().unwrap().to_string() };
    let answer = ask(&transport, mute, b"a", Duration::from_millis(200)).await;
    assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");

    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let started = Instant::now();
    let answer = ask(&transport, server.peer(), b"wait", Duration::from_millis(200)).await;
    assert!(matches!(answer, Err(TransportError::Unknown(_))), "{answer:?}");
    assert!(started.elapsed() < SOON);

    let peer = server.peer();
    let (answer, ()) = tokio::join!(ask(&transport, peer, b"wait", SOON), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop().await;
    });
    assert!(matches!(answer, Err(TransportError::Unknown(_))), "{answer:?}");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_even_sent() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let transport = transport(&tls);
    let large = Bytes::from(vec![0; MESSAGE_MAX + 1]);
    let answer = transport.call(server.peer(), Method::Vote, large, SOON).await;
    let Err(TransportError::Refused(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("too large"), "{why}");
    let fits = Bytes::from(vec![7; 8 << 20]);
    assert_eq!(transport.call(server.peer(), Method::Vote, fits.clone(), SOON).await.unwrap(), fits);
}
