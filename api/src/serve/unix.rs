//! The same on a socket in the file system. Who may connect is said by the rights of its file.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tower::util::MapRequest;
use tracing::{debug, warn};

use super::{Limits, builder};

/// After a failure to accept.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown`. Then accepts no more, lets running requests end within the grace, and cuts the rest.
pub async fn serve_unix(
    listener: UnixListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
    limits: Limits,
) {
    let builder = builder(&limits);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // The router reads bodies of its own kind.
        let service = MapRequest::new(router.clone(), |request: http::Request<hyper::body::Incoming>| request);
        let service = TowerToHyperService::new(service);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown()).await.is_err() {
        debug!("requests were still running when the grace of the shutdown ended");
    }
    connections.shutdown().await;
}
