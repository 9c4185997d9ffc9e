//! Frames in order, their end, and what they do not hold up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{StreamExt, iter};

use super::support::{Echo, SOON, Server, ask, tls, transport, until};
use crate::transport::{Method, Transport, TransportError};

#[tokio::test]
async fn frames_keep_their_order_and_end_where_they_end() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let transport = transport(&tls);
    let bodies: Vec<_> = (0..1000_u32).map(|n| Bytes::copy_from_slice(&n.to_be_bytes())).collect();
    let answers = transport.stream(server.peer(), Method::Append, iter(bodies.clone()).boxed()).await.unwrap();
    let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
    assert_eq!(answers, bodies);
}

#[tokio::test]
async fn a_refused_stream_says_why() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let refused = transport(&tls).stream(server.peer(), Method::Propose, futures::stream::pending().boxed()).await;
    assert_eq!(refused.err(), Some(TransportError::Refused("not here".into())));
}

#[tokio::test]
async fn whoever_drops_the_answers_ends_the_stream_at_both_ends() {
    let tls = tls();
    let echo = Arc::new(Echo::default());
    let server = Server::start(&tls, echo.clone()).await;
    let transport = transport(&tls);
    let (sender, frames) = tokio::sync::mpsc::channel::<Bytes>(1);
    let frames = tokio_stream::wrappers::ReceiverStream::new(frames).boxed();
    let mut answers = transport.stream(server.peer(), Method::Append, frames).await.unwrap();
    sender.send("a".into()).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap(), "a");
    assert_eq!(echo.streams.load(Ordering::SeqCst), 1);
    drop(answers);
    tokio::time::timeout(SOON, sender.closed()).await.unwrap();
    until("the end at the other end", || echo.streams.load(Ordering::SeqCst) == 0).await;
    // The connection is still good.
    assert_eq!(ask(&transport, server.peer(), b"a", SOON).await.unwrap(), "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_raft_snapshot_does_not_hold_up_small_calls() {
    let tls = tls();
    let server = Server::start(&tls, Arc::new(Echo::default())).await;
    let transport = transport(&tls);
    let piece = Bytes::from(vec![7; 256 << 10]);
    let bulk = futures::stream::repeat(piece).boxed();
    let mut answers = transport.stream(server.peer(), Method::Snapshot, bulk).await.unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let taking = tokio::spawn({
        let taken = Arc::clone(&taken);
        async move {
            while answers.next().await.is_some() {
                taken.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        }
    });
    until("the first pieces", || taken.load(Ordering::SeqCst) > 10).await;
    let mut overtaken = Vec::new();
    for _ in 0..100 {
        let before = taken.load(Ordering::SeqCst);
        assert_eq!(ask(&transport, server.peer(), b"beat", SOON).await.unwrap(), "beat");
        overtaken.push(taken.load(Ordering::SeqCst) - before);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    overtaken.sort_unstable();
    // A call that waited for its turn behind what is on its way would see far more pieces go by.
    assert!(overtaken[50] < 64, "{overtaken:?}");
    assert!(!taking.is_finished());
    taking.abort();
}
