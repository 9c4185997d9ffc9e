//! Carries one request over one connection, with a deadline.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::body::Wire;
use super::{Address, Answer, ClientError, Request};
use crate::failure::plain_io;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const INDEX: &str = "x-consul-index";

/// Sends the request and takes its whole answer.
pub(super) async fn exchange(request: &Request<'_>) -> Result<Answer, ClientError> {
    let exchange = async {
        let (answer, index) = accepted(answer(request).await?).await?;
        Ok(Answer { index, body: whole(request, answer).await? })
    };
    timeout(request.patience, exchange).await.unwrap_or_else(|_| Err(late(request, request.patience)))
}

/// Sends the request and writes its answer as it comes; the index that it told. `pause` is how long each piece may take.
pub(super) async fn download(
    request: &Request<'_>,
    out: &mut (impl Write + Send),
    pause: Duration,
) -> Result<u64, ClientError> {
    let begun = timeout(request.patience, async { accepted(answer(request).await?).await });
    let (mut body, index) = begun.await.unwrap_or_else(|_| Err(late(request, request.patience)))?;
    loop {
        let Ok(frame) = timeout(pause, body.frame()).await else { return Err(late(request, pause)) };
        let Some(frame) = frame else { return Ok(index) };
        let frame = frame.map_err(|error| broken(request, error.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            out.write_all(&piece).map_err(|error| ClientError::NotKept(plain_io(&error)))?;
        }
    }
}

/// An answer with status 200, and its index.
async fn accepted(answer: http::Response<Incoming>) -> Result<(Incoming, u64), ClientError> {
    let index = answer.headers().get(INDEX).and_then(|index| index.to_str().ok()?.parse().ok()).unwrap_or(0);
    let status = answer.status();
    if status == StatusCode::OK {
        return Ok((answer.into_body(), index));
    }
    let text = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Err(ClientError::Status { status, text: String::from_utf8_lossy(&text).trim().to_owned(), index })
}

async fn whole(request: &Request<'_>, body: Incoming) -> Result<Bytes, ClientError> {
    let collected = body.collect().await.map_err(|error| broken(request, error.to_string()))?;
    Ok(collected.to_bytes())
}

async fn answer(request: &Request<'_>) -> Result<http::Response<Incoming>, ClientError> {
    let address = &request.client.address;
    match address {
        Address::Tcp { host, port, .. } => {
            let stream = connected(address, TcpStream::connect((host.as_str(), *port))).await?;
            match &request.client.tls {
                None => over(stream, request).await,
                Some(tls) => over(secured(address, tls.over(stream, host)).await?, request).await,
            }
        }
        Address::Unix(path) => over(connected(address, UnixStream::connect(path)).await?, request).await,
    }
}

async fn connected<S>(address: &Address, connecting: impl Future<Output = io::Result<S>>) -> Result<S, ClientError> {
    let why = match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => plain_io(&error),
        Err(_) => format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()),
    };
    Err(ClientError::Unreachable { address: address.to_string(), why })
}

/// A server that refuses our certificate says so later, over TLS 1.3.
async fn secured<S>(address: &Address, handshake: impl Future<Output = Result<S, String>>) -> Result<S, ClientError> {
    let late = || Err(format!("no handshake within {} seconds", CONNECT_TIMEOUT.as_secs()));
    let shaken = timeout(CONNECT_TIMEOUT, handshake).await.unwrap_or_else(|_| late());
    shaken.map_err(|why| ClientError::Unreachable { address: address.to_string(), why })
}

async fn over<S>(stream: S, request: &Request<'_>) -> Result<http::Response<Incoming>, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broke = |error: hyper::Error| broken(request, reason(&error));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
    // It ends with the sender, and its errors come back through it.
    tokio::spawn(connection);
    sender.send_request(message(request)?).await.map_err(broke)
}

fn message(request: &Request<'_>) -> Result<http::Request<Wire>, ClientError> {
    let host = request.client.address.authority();
    let mut builder = http::Request::builder().method(&request.method).uri(&request.target).header(header::HOST, host);
    if let Some(token) = &request.client.token {
        builder = builder.header("X-Consul-Token", token.reveal());
    }
    if request.body.is_json() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    builder.body(request.body.wire()).map_err(|error| broken(request, error.to_string()))
}

/// What hyper says, and what TLS says below it.
fn reason(error: &hyper::Error) -> String {
    let io = error.source().and_then(|below| below.downcast_ref::<io::Error>());
    let tls = io.and_then(|io| io.get_ref()?.downcast_ref::<rustls::Error>());
    tls.map_or_else(|| error.to_string(), |tls| format!("TLS: {tls}"))
}

fn late(request: &Request<'_>, patience: Duration) -> ClientError {
    broken(request, format!("nothing came within {} seconds", patience.as_secs()))
}

fn broken(request: &Request<'_>, why: String) -> ClientError {
    ClientError::Broken { address: request.client.address.to_string(), why }
}
