//! Asking others for names outside the domain: the request goes on as it is, so does the response.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, Record, RecordType};
use rand::seq::SliceRandom;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::fit::Way;
use crate::settings::{Order, Settings};

/// A response has its code in the lower half of the fourth byte (RFC 1035, 4.1.1).
const CODE: u8 = 0x0f;
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

/// The first useful response of a recursor; nothing when none gives one in time.
pub(crate) async fn ask(settings: &Settings, request: &[u8], way: Way) -> Option<Vec<u8>> {
    let mut recursors = settings.recursors.clone();
    if settings.recursor_order == Order::Random {
        recursors.shuffle(&mut rand::rng());
    }
    for recursor in recursors {
        match one(recursor, request, way, settings.recursor_timeout).await {
            Ok(response) if is_useful(&response) => return Some(response),
            Ok(_) => tracing::debug!(%recursor, "a recursor could not help"),
            Err(error) => tracing::debug!(%recursor, %error, "a recursor did not answer"),
        }
    }
    None
}

/// The records that recursors have for a name of theirs.
pub(crate) async fn resolve(settings: &Settings, name: Name, kind: RecordType) -> Vec<Record> {
    let mut message = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    let Ok(request) = message.to_vec() else { return Vec::new() };
    let Some(response) = ask(settings, &request, Way::Udp).await else { return Vec::new() };
    Message::from_vec(&response).map(|message| message.answers).unwrap_or_default()
}

/// There is such a name, or there is none. Whoever fails or refuses leaves it to the next one.
fn is_useful(response: &[u8]) -> bool {
    response.get(3).is_some_and(|flags| matches!(flags & CODE, NO_ERROR | NO_SUCH_NAME))
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
