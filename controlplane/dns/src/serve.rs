//! UDP and TCP sockets, and what strangers may do to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::fit::Way;
use crate::handle::Handler;

/// The largest request that is read.
const REQUEST_MAX: usize = 4096;

/// Requests over UDP that may wait for a recursor at the same time; more are dropped, as UDP may.
const UDP_AT_ONCE: usize = 1024;

/// Connections over TCP at the same time.
const TCP_AT_ONCE: usize = 512;

/// A TCP client that says nothing for so long is let go (RFC 7766, 6.2.3).
const IDLE_MAX: Duration = Duration::from_secs(10);

/// How long to wait when the system has no more descriptors.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// One address, both ways.
pub struct Sockets {
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
}

impl Sockets {
    /// Listens at an address over UDP and TCP. With port 0 both get the same free port.
    ///
    /// # Errors
    /// The port is taken, or this process may not have it.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let udp = UdpSocket::bind(tcp.local_addr()?).await?;
        Ok(Self { udp: Arc::new(udp), tcp })
    }

    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Answers until `stop`.
pub async fn serve(sockets: Sockets, handler: Handler, stop: CancellationToken) {
    let Sockets { udp, tcp } = sockets;
    tokio::select! {
        () = stop.cancelled() => {}
        () = datagrams(udp, handler.clone()) => {}
        () = connections(tcp, handler) => {}
    }
}

async fn datagrams(socket: Arc<UdpSocket>, handler: Handler) {
    let waiting = Arc::new(Semaphore::new(UDP_AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut buffer = [0; REQUEST_MAX];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "DNS over UDP");
                continue;
            }
        };
        let request = buffer[..length].to_vec();
        while tasks.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&waiting).try_acquire_owned() else { continue };
        let (socket, handler) = (Arc::clone(&socket), handler.clone());
        tasks.spawn(async move {
            if let Some(response) = handler.respond(&request, Way::Udp).await
                && let Err(error) = socket.send_to(&response, from).await
            {
                tracing::debug!(%from, %error, "a DNS response was not sent");
            }
            drop(permit);
        });
    }
}

async fn connections(listener: TcpListener, handler: Handler) {
    let places = Arc::new(Semaphore::new(TCP_AT_ONCE));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let handler = handler.clone();
                tasks.spawn(async move {
                    // Clients may hang up whenever they like.
                    drop(connection(stream, &handler).await);
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "DNS over TCP");
                sleep(EXHAUSTED).await;
            }
        }
    }
}

async fn connection(mut stream: TcpStream, handler: &Handler) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let request = async {
            let length = usize::from(stream.read_u16().await?);
            if length > REQUEST_MAX {
                return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
            }
            let mut request = vec![0; length];
            stream.read_exact(&mut request).await?;
            Ok(request)
        };
        let request = timeout(IDLE_MAX, request).await??;
        let Some(response) = handler.respond(&request, Way::Tcp).await else { return Ok(()) };
        let mut framed = u16::try_from(response.len()).map_err(std::io::Error::other)?.to_be_bytes().to_vec();
        framed.extend_from_slice(&response);
        timeout(IDLE_MAX, stream.write_all(&framed)).await??;
    }
}
