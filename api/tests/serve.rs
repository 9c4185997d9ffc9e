//! The listener: limits, disconnects and shutdown, over real sockets.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use support::Agent;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use weft_api::{Limits, serve_with};

struct Served {
    agent: Agent,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(limits: Limits) -> Served {
    let agent = Agent::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let router = agent.router.clone();
    let ended = tokio::spawn(async move {
        serve_with(listener, weft_api::Plain, router, async { drop(stopped.await) }, limits).await;
    });
    Served { agent, address, stop, ended }
}

async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    timeout(Duration::from_secs(30), stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

#[tokio::test]
async fn requests_are_served() {
    let served = start(Limits::default()).await;
    let text = answer(ask(served.address, "/v1/status/leader").await).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\"127.0.0.1:28501\"\n"), "{text}");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let limits = Limits { connections_per_address: 3.into(), counts_loopback: true, ..Limits::default() };
    let served = start(limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(ask(served.address, "/v1/catalog/nodes?index=100000&wait=60s").await);
    }
    sleep(Duration::from_millis(50)).await;
    let mut refused = TcpStream::connect(served.address).await.unwrap();
    let mut text = String::new();
    refused.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 429 "), "{text}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{text}");
    held.pop();
    sleep(Duration::from_millis(50)).await;
    assert!(answer(ask(served.address, "/v1/status/leader").await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_client_that_sends_no_head_is_cut_off() {
    let limits = Limits { header_read_timeout: Duration::from_millis(200), ..Limits::default() };
    let served = start(limits).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /v1/status/leader HTTP/1.1\r\nHost:").await.unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(30), slow.read_to_end(&mut rest)).await.expect("the connection is closed").unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = start(Limits::default()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(100_000));
    let _ = stream.write_all(request.as_bytes()).await;
    let mut text = Vec::new();
    let _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut text)).await.unwrap();
    let text = String::from_utf8_lossy(&text);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
}

/// The request of a client that hung up is dropped, its subscription with it.
#[tokio::test]
async fn a_waiting_request_ends_with_its_client() {
    let served = start(Limits::default()).await;
    let waiting = || served.agent.store.watched_topics();
    let before = waiting();
    let stream = ask(served.address, "/v1/catalog/nodes?index=100000&wait=60s").await;
    settle(|| waiting() > before).await;
    drop(stream);
    settle(|| waiting() == before).await;
}

async fn settle(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn shutdown_cuts_what_waits_after_the_grace() {
    let limits = Limits { shutdown_grace: Duration::from_millis(300), ..Limits::default() };
    let served = start(limits).await;
    let waiting = ask(served.address, "/v1/catalog/nodes?index=100000&wait=60s").await;
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    served.stop.send(()).unwrap();
    timeout(Duration::from_secs(30), served.ended).await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(TcpStream::connect(served.address).await.is_err(), "nothing is accepted any more");
    let mut waiting = waiting;
    let cut = timeout(Duration::from_secs(30), waiting.read(&mut [0; 16])).await.expect("it is cut");
    assert!(matches!(cut, Ok(0) | Err(_)), "{cut:?}");
}
