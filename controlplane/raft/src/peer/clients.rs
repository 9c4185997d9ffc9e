//! Client agents at the servers' port: a protocol of their own inside TLS, which never reaches Raft.

use std::net::SocketAddr;

use futures::future::BoxFuture;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream as Outgoing;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Tls;
use super::connect::secure;
use crate::transport::TransportError;

/// The protocol inside TLS that client agents speak.
pub const ALPN_CLIENT: &[u8] = b"weft-client";

/// Who answers client agents.
pub trait Clients: Send + Sync + 'static {
    /// Serves one connection of a client agent, until it ends or `stop`.
    fn converse(
        &self,
        stream: TlsStream<TcpStream>,
        remote: SocketAddr,
        stop: CancellationToken,
    ) -> BoxFuture<'static, ()>;
}

/// Opens a connection to a server as a client agent. `tls` must show a client's certificate.
///
/// # Errors
/// Never `Unknown`: nothing has been asked. `Refused` when one end does not trust the other.
pub async fn reach(address: &str, tls: &Tls) -> Result<Outgoing<TcpStream>, TransportError> {
    secure(address, tls).await
}
