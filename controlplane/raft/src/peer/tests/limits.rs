//! Connections that are not worth having.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::admission::PER_ADDRESS_MAX;
use super::support::{Authority, Echo, SOON, Server, ask, tls, transport};
use crate::transport::TransportError;

#[tokio::test]
async fn whoever_does_not_shake_hands_is_cut() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let started = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(30), slow.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(started.elapsed() > Duration::from_secs(1));
}

#[tokio::test]
async fn plaintext_is_answered_with_an_alert_and_nothing_else() {
    let tls = tls();
    let echo = Arc::new(Echo::default());
    let server = Server::start(&tls, echo.clone()).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, plain.read_to_end(&mut answer)).await.unwrap();
    // A TLS record of type alert, if anything.
    assert!(answer.len() < 16 && answer.first().is_none_or(|kind| *kind == 21), "{answer:?}");
    assert_eq!(echo.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let mut idle = Vec::new();
    for _ in 0..PER_ADDRESS_MAX {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let transport = transport(&tls);
    let answer = ask(&transport, server.peer(), b"a", SOON).await;
    assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");
    drop(idle);
    let freed = Instant::now();
    while ask(&transport, server.peer(), b"a", SOON).await.is_err() {
        assert!(freed.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_of_another_ca_is_refused_by_both_ends() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let echo = Arc::new(Echo::default());
    let server = Server::start(&theirs.tls_trusting(&theirs), echo.clone()).await;
    let refused = |answer: Result<Bytes, TransportError>, text: &str| {
        let Err(TransportError::Refused(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains(text), "{why}");
    };
    let stranger = transport(&ours.tls_trusting(&ours));
    refused(ask(&stranger, server.peer(), b"a", SOON).await, "certificate is of another CA: the join secret");
    // It trusts the server, which does not trust it: told before anything is sent.
    let trusting = transport(&ours.tls_trusting(&theirs));
    refused(ask(&trusting, server.peer(), b"a", SOON).await, "does not trust the CA of this server's certificate");
    assert_eq!(echo.asked.load(Ordering::SeqCst), 0);
}
