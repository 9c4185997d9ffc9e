//! UDP and TCP sockets, and what strangers may do to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::fit::Way;
use crate::handle::{Handler, Next};
use crate::recent::Recent;

/// The largest request that is read.
const REQUEST_MAX: usize = 4096;

/// Requests over UDP that may wait for a recursor or a server at the same time; more are dropped, as UDP may.
const UDP_AT_ONCE: usize = 1024;

/// Bytes of requests that may wait to be read: some thousand, in bursts. The system grants what it allows (`net.core.rmem_max`).
const WAITING_MAX: usize = 4 << 20;

/// How many ports are tried where any will do.
const FREE_PORT_TRIES: u32 = 16;

/// Tasks that read datagrams.
const READERS_MAX: usize = 8;

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
        let mut tries = if address.port() == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            let tcp = TcpListener::bind(address).await?;
            tries -= 1;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Ok(udp) => {
                    if let Err(error) = SockRef::from(&udp).set_recv_buffer_size(WAITING_MAX) {
                        tracing::debug!(%error, "a burst of questions has little room to wait in");
                    }
                    return Ok(Self { udp: Arc::new(udp), tcp });
                }
                // What is free over TCP may be taken over UDP.
                Err(_) if tries > 0 => {}
                Err(error) => return Err(error),
            }
        }
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
    let mut tasks = JoinSet::new();
    let waiting = Arc::new(Semaphore::new(UDP_AT_ONCE));
    for _ in 0..readers() {
        tasks.spawn(datagrams(Arc::clone(&udp), handler.clone(), Arc::clone(&waiting)));
    }
    tasks.spawn(connections(tcp, handler));
    // Dropping the tasks ends them.
    stop.cancelled().await;
}

/// How many tasks read datagrams: more than cores would only get in each other's way.
fn readers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(READERS_MAX)
}

async fn datagrams(socket: Arc<UdpSocket>, handler: Handler, waiting: Arc<Semaphore>) {
    let mut tasks = JoinSet::new();
    let mut recent = Recent::default();
    let mut buffer = [0; REQUEST_MAX];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "DNS over UDP");
                continue;
            }
        };
        while tasks.try_join_next().is_some() {}
        // Nearly all answers are there at once: a task for each would cost more than they do.
        let request = &buffer[..length];
        if let Some(response) = handler.again(&mut recent, request) {
            send(&socket, response, from).await;
            continue;
        }
        match handler.begin(request, Way::Udp, Some(from.ip())) {
            Next::Done(None) => {}
            Next::Done(Some(response)) => send(&socket, &response, from).await,
            Next::Lasting(response, basis) => {
                send(&socket, &response, from).await;
                recent.keep(request, response, basis);
            }
            Next::Wait(wait) => {
                let Ok(permit) = Arc::clone(&waiting).try_acquire_owned() else { continue };
                let (socket, handler) = (Arc::clone(&socket), handler.clone());
                tasks.spawn(async move {
                    if let Some(response) = handler.finish(*wait).await {
                        send(&socket, &response, from).await;
                    }
                    drop(permit);
                });
            }
        }
    }
}

async fn send(socket: &UdpSocket, response: &[u8], to: SocketAddr) {
    if let Err(error) = socket.send_to(response, to).await {
        tracing::debug!(%to, %error, "a DNS response was not sent");
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
    let from = stream.peer_addr().ok().map(|peer| peer.ip());
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
        let Some(response) = handler.respond(&request, Way::Tcp, from).await else { return Ok(()) };
        let mut framed = u16::try_from(response.len()).map_err(std::io::Error::other)?.to_be_bytes().to_vec();
        framed.extend_from_slice(&response);
        timeout(IDLE_MAX, stream.write_all(&framed)).await??;
    }
}
