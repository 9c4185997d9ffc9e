//! Asking others for names outside the domain: the request goes on as it is, so does the response.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::fit::Way;
use crate::settings::Settings;

/// The first response of a recursor; nothing when none answers in time.
pub(crate) async fn ask(settings: &Settings, request: &[u8], way: Way) -> Option<Vec<u8>> {
    for recursor in &settings.recursors {
        match one(*recursor, request, way, settings.recursor_timeout).await {
            Ok(response) => return Some(response),
            Err(error) => tracing::debug!(%recursor, %error, "a recursor did not answer"),
        }
    }
    None
}

async fn one(recursor: SocketAddr, request: &[u8], way: Way, patience: Duration) -> std::io::Result<Vec<u8>> {
    let answer = async {
        match way {
            Way::Udp => over_udp(recursor, request).await,
            Way::Tcp => over_tcp(recursor, request).await,
        }
    };
    timeout(patience, answer).await?
}

async fn over_udp(recursor: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = if recursor.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 16], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(recursor).await?;
    socket.send(request).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anybody can send a datagram; the id is the request's.
        if buffer.get(..2) == request.get(..2) && length >= 12 {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

async fn over_tcp(recursor: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(recursor).await?;
    stream.write_u16(u16::try_from(request.len()).map_err(std::io::Error::other)?).await?;
    stream.write_all(request).await?;
    let mut response = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut response).await?;
    Ok(response)
}
