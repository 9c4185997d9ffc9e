//! Carries one request over one connection, with a deadline.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::{Address, ClientError, Request};
use crate::failure::plain_io;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a write may wait for a leader.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends the request; the status and the text that came back.
pub(super) async fn exchange(request: &Request<'_>) -> Result<(StatusCode, String), ClientError> {
    let address = &request.client.address;
    let exchange = async {
        match address {
            Address::Tcp { host, port } => {
                over(connected(address, TcpStream::connect((host.as_str(), *port))).await?, request).await
            }
            Address::Unix(path) => over(connected(address, UnixStream::connect(path)).await?, request).await,
        }
    };
    let late = |_| Err(broken(address, format!("nothing came within {} seconds", ANSWER_TIMEOUT.as_secs())));
    timeout(ANSWER_TIMEOUT, exchange).await.unwrap_or_else(late)
}

async fn connected<S>(address: &Address, connecting: impl Future<Output = io::Result<S>>) -> Result<S, ClientError> {
    let why = match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => plain_io(&error),
        Err(_) => format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()),
    };
    Err(ClientError::Unreachable { address: address.to_string(), why })
}

async fn over<S>(stream: S, request: &Request<'_>) -> Result<(StatusCode, String), ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broke = |error: hyper::Error| broken(&request.client.address, error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
    // It ends with the sender, and its errors come back through it.
    tokio::spawn(connection);
    let answer = sender.send_request(message(request)?).await.map_err(broke)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(broke)?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn message(request: &Request<'_>) -> Result<http::Request<Full<Bytes>>, ClientError> {
    let host = match &request.client.address {
        tcp @ Address::Tcp { .. } => tcp.to_string(),
        Address::Unix(_) => "localhost".to_owned(),
    };
    let mut builder = http::Request::builder().method(&request.method).uri(&request.target).header(header::HOST, host);
    if let Some(token) = &request.client.token {
        builder = builder.header("X-Consul-Token", token.reveal());
    }
    let body = match &request.body {
        Some(body) => {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    builder.body(Full::new(body)).map_err(|error| broken(&request.client.address, error.to_string()))
}

fn broken(address: &Address, why: String) -> ClientError {
    ClientError::Broken { address: address.to_string(), why }
}
