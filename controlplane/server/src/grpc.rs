//! The gRPC listeners, plain and over TLS: the ADS service on tonic.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use weft_xds::ads::Ads;
use weft_xds::source::ResourceSource;

use crate::front_tls::{self, Door};

/// How often a silent connection is asked whether it is still there, and how long it may take.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Serves until told to stop; then streams end and connections drain.
pub(crate) async fn serve<S: ResourceSource>(
    listener: TcpListener,
    door: Option<Arc<Door>>,
    ads: Ads<S>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .add_service(ads);
    match door {
        Some(door) => {
            let incoming = front_tls::incoming(listener, door);
            server.serve_with_incoming_shutdown(incoming, stop.cancelled()).await?;
        }
        None => {
            // Updates are small and must not wait for an acknowledgement of the ones before.
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            server.serve_with_incoming_shutdown(incoming, stop.cancelled()).await?;
        }
    }
    Ok(())
}
