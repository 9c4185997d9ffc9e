//! DNS as this agent serves it: its sockets, and how new what it reads is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use weft_api::Meter;
use weft_dns::{Clock, Freshness, Handler, Settings, Sockets, Source};
use weft_raft::Raft;
use weft_state::Store;

use crate::acl::Acl;
use crate::config::{Endpoint, Port};
use crate::listen;

/// Binds both kinds of socket; `None` when DNS is off.
pub(crate) async fn bind(endpoint: Endpoint) -> anyhow::Result<Option<Sockets>> {
    let port = match endpoint.port {
        Port::Off => return Ok(None),
        Port::At(port) => port,
    };
    let address = SocketAddr::new(endpoint.address, port);
    match Sockets::bind(address).await {
        Ok(sockets) => Ok(Some(sockets)),
        Err(error) => Err(listen::refused("DNS", address, error)),
    }
}

/// What this server answers, for its own agent's eyes.
pub(crate) fn handler(settings: Settings, store: Arc<Store>, raft: Arc<Raft>, acl: Acl) -> Handler {
    let source = Source { store, freshness: Arc::new(ByRaft(raft)), sight: Arc::new(acl) };
    Handler::new(source, settings)
}

/// Answers until `stop`.
pub(crate) async fn serve(sockets: Sockets, handler: Handler, stop: CancellationToken) -> anyhow::Result<()> {
    weft_dns::serve(sockets, handler, stop).await;
    Ok(())
}

/// A server is as new as its log.
struct ByRaft(Arc<Raft>);

impl Freshness for ByRaft {
    fn silence(&self) -> Duration {
        self.0.contact().last_contact
    }

    fn catch_up(&self) -> BoxFuture<'_, bool> {
        Box::pin(async {
            let caught_up = self.0.read_index().await;
            caught_up.inspect_err(|error| tracing::debug!(%error, "DNS could not read the newest state")).is_ok()
        })
    }
}

/// Times answers for the agent's metrics.
pub(crate) struct ByMeter(pub(crate) Arc<Meter>);

impl Clock for ByMeter {
    fn name(&self, took: Duration) {
        self.0.name(took);
    }

    fn address(&self, took: Duration) {
        self.0.address(took);
    }
}
