//! Serves a router on a listener: one task a connection, limits on each of them, and a shutdown that lets
//! running requests end.

mod handshake;
mod per_address;
mod unix;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::util::MapRequest;
use tracing::{debug, warn};

pub use handshake::{Handshake, Plain};
pub use per_address::{Ceiling, PerAddress, Place};
pub use unix::serve_unix;

/// What one listener takes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections of one client address at a time. A clone of the limits shares it.
    pub connections_per_address: Ceiling,
    /// Whether that holds for 127.0.0.0/8 and ::1 too. The limit keeps one client from taking all descriptors.
    /// Loopback is no one client: every proxy and tool of the machine comes from it, and 200 of them are few. And
    /// who can connect from here can do worse to this process than that.
    pub counts_loopback: bool,
    /// The longest head of a request.
    pub head_max_bytes: usize,
    /// How long a client may take for the head of a request, or keep a connection without one.
    pub header_read_timeout: Duration,
    /// How long running requests may take after the shutdown began.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: 200.into(),
            counts_loopback: false,
            head_max_bytes: 64 * 1024,
            header_read_timeout: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

/// Serves until `shutdown`, with the usual limits.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    serve_with(listener, Plain, router, shutdown, Limits::default()).await;
}

/// Serves until `shutdown`. Then accepts no more, lets running requests end within the grace, and cuts the
/// rest.
pub async fn serve_with<H: Handshake>(
    listener: TcpListener,
    handshake: H,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
    limits: Limits,
) {
    let addresses = PerAddress::new(limits.connections_per_address.clone(), limits.counts_loopback);
    let builder = builder(&limits);
    let graceful = GracefulShutdown::new();
    let (opened, open) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, from) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        let Some(place) = addresses.enter(from.ip()) else {
            refuse(&stream, H::REFUSAL);
            continue;
        };
        let service = MapRequest::new(router.clone(), move |request| from_caller(request, from.ip()));
        let connection = Connection {
            builder: builder.clone(),
            service: TowerToHyperService::new(service),
            watcher: graceful.watcher(),
            open: open.clone(),
            _place: place,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(connection.run(handshake.clone(), stream));
    }
    drop((listener, opened));
    if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown()).await.is_err() {
        debug!("requests were still running when the grace of the shutdown ended");
    }
    connections.shutdown().await;
}

/// Who asks, as a request's extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) IpAddr);

fn from_caller(mut request: http::Request<Incoming>, address: IpAddr) -> http::Request<Incoming> {
    request.extensions_mut().insert(Caller(address.to_canonical()));
    request
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    // With less of a buffer HTTP/1 cannot be read.
    const HEAD_LEAST_BYTES: usize = 8192;
    const STREAMS_MAX: u32 = 200;
    let head_max_bytes = limits.head_max_bytes.max(HEAD_LEAST_BYTES);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_timeout)
        .max_buf_size(head_max_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(head_max_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(limits.header_read_timeout));
    builder
}

/// A connection before anything was said on it.
struct Connection<S> {
    builder: auto::Builder<TokioExecutor>,
    service: S,
    watcher: Watcher,
    /// Ends when the listener does.
    open: watch::Receiver<()>,
    _place: Place,
}

impl<S> Connection<S>
where
    S: Service<http::Request<Incoming>, Response = http::Response<Body>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// A connection's errors are its client's; they end it and nothing else.
    async fn run<H: Handshake>(mut self, handshake: H, stream: TcpStream) {
        let shaken = tokio::select! {
            shaken = handshake.shake(stream) => shaken,
            // Who has not said who it is has asked for nothing yet.
            _ = self.open.changed() => return,
        };
        let stream = match shaken {
            Ok(stream) => stream,
            Err(error) => return debug!(%error, "a client was not taken in"),
        };
        let connection = self.builder.serve_connection(TokioIo::new(stream), self.service).into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            debug!(%error, "connection ended");
        }
    }
}

/// Accepts the next connection. What fails here is a single connection, or a lack of descriptors that
/// passes: neither ends the listener.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        match listener.accept().await {
            Ok((stream, from)) => match stream.set_nodelay(true) {
                Ok(()) => return (stream, from),
                Err(error) => debug!(%error, "connection ended before it began"),
            },
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Tells the client why, as far as its buffer takes it, and hangs up.
fn refuse(stream: &TcpStream, text: &[u8]) {
    let _: Result<usize, std::io::Error> = stream.try_write(text);
}
