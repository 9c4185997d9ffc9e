//! Calls as applications make them to their sidecar's local port. `Ok` is an answer of the far
//! side, whatever its status; `Err` tells how the call broke.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{PATIENCE, Reply, whole};

async fn connect(port: u16) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| format!("connecting: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

async fn patiently<T>(call: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, call).await.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
}

/// A TCP connection that stays open.
pub(crate) struct Line(TcpStream);

impl Line {
    pub(crate) async fn open(port: u16) -> Result<Self, String> {
        Ok(Self(connect(port).await?))
    }

    /// One line sent, one line read.
    pub(crate) async fn say(&mut self, word: &str) -> Result<String, String> {
        patiently(async {
            let line = format!("{word}\n");
            self.0.write_all(line.as_bytes()).await.map_err(|error| format!("writing: {error}"))?;
            read_line(&mut self.0).await
        })
        .await
    }
}

/// A connection of its own, one line sent, one line read.
pub(crate) async fn tcp(port: u16) -> Result<String, String> {
    Line::open(port).await?.say("hello").await
}

async fn read_line(stream: &mut TcpStream) -> Result<String, String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let read = stream.read_buf(&mut line).await.map_err(|error| format!("reading: {error}"))?;
        if read == 0 {
            return Err(format!("closed after {:?}", String::from_utf8_lossy(&line)));
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Whether a fresh TCP call is closed by the mesh, rather than unanswered or refused at the door.
pub(crate) async fn closing_tcp(port: u16) -> Result<(), String> {
    match tcp(port).await {
        Err(reason) if reason.starts_with("closed after \"\"") || reason.contains("reset") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// An HTTP/1.1 connection that is kept, with one call after the other; opened anew when the other
/// side has closed it between calls, as clients do.
pub(crate) struct Http1 {
    port: u16,
    sender: Option<http1::SendRequest<Full<Bytes>>>,
}

impl Http1 {
    pub(crate) fn to(port: u16) -> Self {
        Self { port, sender: None }
    }

    /// The next call opens a connection of its own.
    pub(crate) fn close(&mut self) {
        self.sender = None;
    }

    pub(crate) async fn get(&mut self, target: &str) -> Result<Reply, String> {
        self.send("GET", target, &[]).await
    }

    /// A request with its target exactly as given.
    pub(crate) async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Reply, String> {
        let mut request = Request::builder().method(method).uri(target).header("host", "api");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).map_err(|error| error.to_string())?;
        patiently(async {
            let sender = self.sender().await?;
            whole(sender.send_request(request).await.map_err(|error| format!("{error:?}"))?).await
        })
        .await
    }

    async fn sender(&mut self) -> Result<&mut http1::SendRequest<Full<Bytes>>, String> {
        let is_open = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            let stream = TokioIo::new(connect(self.port).await?);
            let (sender, connection) = http1::handshake(stream).await.map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".to_owned())
    }
}

async fn http2_request(port: u16, request: http::request::Builder, body: &'static [u8]) -> Result<Reply, String> {
    patiently(async {
        let stream = TokioIo::new(connect(port).await?);
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), stream).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let request = request.body(Full::new(Bytes::from_static(body))).map_err(|error| error.to_string())?;
        whole(sender.send_request(request).await.map_err(|error| format!("{error:?}"))?).await
    })
    .await
}

/// One HTTP/2 request without TLS, on a connection of its own.
pub(crate) async fn http2(port: u16, target: &str) -> Result<Reply, String> {
    http2_request(port, Request::builder().uri(format!("http://api{target}")), b"").await
}

/// One unary gRPC call with an empty message.
pub(crate) async fn grpc(port: u16, method: &str) -> Result<Reply, String> {
    let request = Request::builder()
        .method("POST")
        .uri(format!("http://api{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    http2_request(port, request, &[0; 5]).await
}

/// Bytes sent as they are on a connection of its own; the HTTP answer.
pub(crate) async fn raw(port: u16, request: &[u8]) -> Result<String, String> {
    patiently(async {
        let mut stream = connect(port).await?;
        stream.write_all(request).await.map_err(|error| format!("writing: {error}"))?;
        read_answer(&mut stream).await
    })
    .await
}

/// One HTTP/1.1 answer, to the end of its body. Nobody waits for the connection to close: a proxy may
/// leave that to its peer for a while.
pub(crate) async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Result<String, String> {
    let mut answer = Vec::new();
    while !is_whole(&String::from_utf8_lossy(&answer)) {
        match stream.read_buf(&mut answer).await {
            Err(error) => return Err(format!("reading: {error}")),
            Ok(0) if answer.is_empty() => return Err("closed".to_owned()),
            Ok(0) => break,
            Ok(_) => {}
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether the head is there, and as much of the body as it announces.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
