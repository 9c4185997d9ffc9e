//! The receiving half: connections come in, are limited, checked and served.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use weft_proto::peer::peer_server::PeerServer;

use super::admission::Admission;
use super::clients::{ALPN_CLIENT, Clients};
use super::complaints::Complaints;
use super::explain::explain;
use super::service::{Reception, Service};
use super::{CONNECTION_WINDOW, GREETING, HTTP_FRAME, Identity, MESSAGE_MAX, Tls, WINDOW};
use crate::transport::Inbound;

/// How long a client may take to become a trusted one.
const HANDSHAKE_MAX: Duration = Duration::from_secs(3);

/// When to accept again after the system could not.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// How long calls that are under way may take at the end. Streams have no end of their own.
const GRACE: Duration = Duration::from_millis(300);

/// When a silent client is asked whether it is there. Clients ask more often.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3));

const STREAMS_MAX: u32 = 1024;
const HEADERS_MAX: u32 = 8 << 10;

/// Serves until told to stop. Then connections are cut after a moment. Without `clients` no client agent is
/// taken in.
pub async fn serve(
    listener: TcpListener,
    tls: Tls,
    inbound: Arc<dyn Inbound>,
    clients: Option<Arc<dyn Clients>>,
    identity: Arc<Identity>,
    stop: CancellationToken,
) {
    let reception = Arc::new(Reception { inbound, identity, complaints: Complaints::default() });
    let (tls, admission) = (Arc::new(tls), Arc::new(Admission::of_servers()));
    let agents = Arc::new(Admission::of_clients());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (socket, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a server's connection cannot be accepted");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Some(admitted) = admission.admit(remote.ip()) else {
            reception.complaints.say(remote.ip(), "there are too many connections");
            continue;
        };
        let (tls, reception, stop) = (Arc::clone(&tls), Arc::clone(&reception), stop.clone());
        let (agents, clients) = (Arc::clone(&agents), clients.clone());
        connections.spawn(async move {
            let admitted = admitted;
            let Some(stream) = receive(socket, remote, &tls, &reception.complaints).await else { return };
            let session = stream.get_ref().1;
            if session.alpn_protocol() != Some(ALPN_CLIENT) {
                let owner = session.peer_certificates().and_then(|chain| chain.first()).and_then(tls.owner);
                return converse(stream, Service { reception, remote, owner }, &stop).await;
            }
            // There may be many more of them than of servers.
            let place = agents.admit(remote.ip());
            drop(admitted);
            match place.zip(clients) {
                Some((_place, clients)) => clients.converse(stream, remote, stop).await,
                None => reception.complaints.say(remote.ip(), "there are too many client agents"),
            }
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// From a socket to a client that is trusted and knows it.
async fn receive(
    socket: TcpStream,
    remote: SocketAddr,
    tls: &Tls,
    complaints: &Complaints,
) -> Option<TlsStream<TcpStream>> {
    match timeout(HANDSHAKE_MAX, shake_hands(socket, tls)).await {
        Ok(Ok(stream)) => return Some(stream),
        // Probes of the port end like this and are no news.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            tracing::debug!(%remote, "a connection ended during the handshake");
        }
        Ok(Err(error)) => complaints.say(remote.ip(), explain(&error).text()),
        Err(_) => complaints.say(remote.ip(), "the TLS handshake takes too long"),
    }
    None
}

async fn shake_hands(socket: TcpStream, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    socket.set_nodelay(true)?;
    let start = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
    let is_agent = start.client_hello().alpn().is_some_and(|mut wanted| wanted.any(|one| one == ALPN_CLIENT));
    let config = if is_agent { &tls.agents } else { &tls.server };
    let mut stream = start.into_stream(Arc::clone(config)).await?;
    stream.write_all(GREETING).await?;
    stream.flush().await?;
    Ok(stream)
}

async fn converse(stream: TlsStream<TcpStream>, service: Service, stop: &CancellationToken) {
    let remote = service.remote;
    let service = PeerServer::new(service).max_decoding_message_size(MESSAGE_MAX);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(HTTP_FRAME)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_MAX)
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%remote, %error, "a server's connection has ended");
    }
}
