//! One HTTP/1.1 connection that sends one request at a time: what a client of the API looks like.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection to an API.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Driven by whoever waits for an answer: a task of its own would cost the load generator as much as the request.
    wire: Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
    has_ended: bool,
    host: String,
}

/// An answer with status 200.
pub(crate) struct Answer {
    /// `X-Consul-Index`, 0 where there is none.
    pub(crate) index: u64,
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects, with Nagle's algorithm off.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, wire) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, wire: Box::pin(wire), has_ended: false, host: address.to_string() })
    }

    /// Sends a request and reads the whole answer; anything but 200 is an error with the server's text.
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: impl Into<Bytes>) -> anyhow::Result<Answer> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .body(Full::new(body.into()))?;
        let sender = &mut self.sender;
        let mut exchange = std::pin::pin!(async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let index = response.headers().get("x-consul-index").and_then(|value| value.to_str().ok()?.parse().ok());
            Ok::<_, hyper::Error>((status, index, response.into_body().collect().await?.to_bytes()))
        });
        let answered = tokio::select! {
            biased;
            answered = &mut exchange => Some(answered),
            // The last answer may be there although the connection has ended.
            _ = &mut self.wire, if !self.has_ended => None,
        };
        let (status, index, body) = match answered {
            Some(answered) => answered?,
            None => {
                self.has_ended = true;
                exchange.await?
            }
        };
        if status != 200 {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(Answer { index: index.unwrap_or(0), body })
    }

    /// A JSON answer.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<(u64, Value)> {
        let answer = self.send("GET", path, Bytes::new()).await?;
        Ok((answer.index, serde_json::from_slice(&answer.body)?))
    }

    /// A write with a JSON body.
    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.send("PUT", path, body.to_string()).await.map(drop)
    }
}

/// Waits until an API answers that it has a leader.
pub(crate) async fn wait_ready(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..600 {
        if let Ok(mut connection) = Connection::open(address).await
            && let Ok((_, Value::String(leader))) = connection.get("/v1/status/leader").await
            && !leader.is_empty()
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{address} has no leader after 30 s")
}
