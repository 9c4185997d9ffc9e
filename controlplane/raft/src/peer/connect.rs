//! Opening a connection: TCP, TLS, the greeting, HTTP/2.

use std::io;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::task::AbortOnDropHandle;

use super::explain::{Trouble, explain};
use super::link::Link;
use super::{CONNECTION_WINDOW, GREETING, HTTP_FRAME, KEEPALIVE, Tls, WINDOW};
use crate::transport::TransportError;

const CONNECT_MAX: Duration = Duration::from_secs(1);
const HANDSHAKE_MAX: Duration = Duration::from_secs(2);

/// # Errors
/// Never `Unknown`: no request has been sent. `Refused` when one end does not trust the other.
pub(super) async fn connect(address: &str, tls: &Tls) -> Result<Link, TransportError> {
    let stream = secure(address, tls).await?;
    let owner = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).and_then(tls.owner);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(HTTP_FRAME)
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true);
    let (sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(address, &error.to_string()))?;
    let peer = address.to_owned();
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection to a server has ended");
        }
    });
    Ok(Link::new(sender, owner, AbortOnDropHandle::new(driver)))
}

/// A connection to a server that trusts this end and is trusted.
pub(super) async fn secure(address: &str, tls: &Tls) -> Result<TlsStream<TcpStream>, TransportError> {
    let socket = match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(unreachable(address, &error.to_string())),
        Err(_) => return Err(unreachable(address, "no connection in time")),
    };
    // Frames are small and must not wait for the acknowledgement of the ones before.
    socket.set_nodelay(true).map_err(|error| unreachable(address, &error.to_string()))?;
    match timeout(HANDSHAKE_MAX, shake_hands(socket, tls)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(troubled(address, &explain(&error))),
        Err(_) => Err(unreachable(address, "the TLS handshake takes too long")),
    }
}

async fn shake_hands(socket: TcpStream, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(tls.client.clone());
    let mut stream = connector.connect(tls.name.clone(), socket).await?;
    let mut greeting = [0; GREETING.len()];
    stream.read_exact(&mut greeting).await?;
    if greeting == *GREETING {
        return Ok(stream);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "the other end speaks another version of the servers' protocol"))
}

fn unreachable(address: &str, why: &str) -> TransportError {
    TransportError::Unreachable(format!("{address}: {why}"))
}

fn troubled(address: &str, trouble: &Trouble) -> TransportError {
    let text = format!("{address}: {}", trouble.text());
    match trouble {
        Trouble::Distrust(_) => TransportError::Refused(text),
        Trouble::Broken(_) => TransportError::Unreachable(text),
    }
}
