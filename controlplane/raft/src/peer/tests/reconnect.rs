//! Connections end and come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::StreamExt;

use super::support::{Echo, Relay, SOON, Server, ask, tls, transport, until};
use crate::transport::{Method, Transport};

#[tokio::test]
async fn a_peer_that_restarts_is_found_again() {
    let tls = tls();
    let transport = transport(&tls);
    let mut server = Server::start(&tls, Arc::new(Echo::default())).await;
    let (peer, address) = (server.peer(), server.address);
    assert_eq!(ask(&transport, peer.clone(), b"a", SOON).await.unwrap(), "a");
    for _ in 0..3 {
        server.stop().await;
        assert!(ask(&transport, peer.clone(), b"a", SOON).await.is_err());
        server = Server::start_at(&tls, Arc::new(Echo::default()), address).await;
        let back = Instant::now();
        while ask(&transport, peer.clone(), b"a", SOON).await.is_err() {
            assert!(back.elapsed() < SOON);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn reconnecting_leaves_no_task_behind() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let tls = tls();
    let transport = transport(&tls);
    let mut server = Server::start(&tls, Arc::new(Echo::default())).await;
    let (peer, address) = (server.peer(), server.address);
    let mut before = None;
    for round in 0..6 {
        let opened = Instant::now();
        let (answers, frames) = loop {
            let (sender, frames) = tokio::sync::mpsc::channel(1);
            let frames = tokio_stream::wrappers::ReceiverStream::new(frames).boxed();
            match transport.stream(peer.clone(), Method::Append, frames).await {
                Ok(answers) => break (answers, sender),
                Err(error) => assert!(opened.elapsed() < SOON, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let (mut answers, frames) = (answers, frames);
        frames.send("x".into()).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap(), "x");
        server.stop().await;
        // The stream says that it has ended, and is dropped only now.
        assert!(answers.next().await.is_none_or(|answer| answer.is_err()));
        drop((answers, frames));
        if let Some(before) = before {
            until(&format!("round {round}: the end of all tasks"), || alive() <= before).await;
        } else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            before = Some(alive());
        }
        server = Server::start_at(&tls, Arc::new(Echo::default()), address).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_answers_nothing_any_more_is_noticed() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let relay = Relay::start(server.address).await;
    let transport = transport(&tls);
    let mut peer = server.peer();
    peer.address = relay.address.to_string();
    let mut answers = transport.stream(peer, Method::Append, futures::stream::pending().boxed()).await.unwrap();
    relay.freeze();
    let answer = tokio::time::timeout(SOON, answers.next()).await.unwrap();
    assert!(answer.is_some_and(|answer| answer.is_err()));
}
