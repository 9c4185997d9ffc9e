//! What the link needs of TLS.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ServerConfig};

/// Reads from a certificate which server it was issued to, where it says so.
pub type Owner = fn(&CertificateDer<'_>) -> Option<u64>;

/// How this server proves itself and whom it believes. The configurations `client` and `server` must ask for a
/// certificate of the server role, `agents` for one of a client agent's; the link adds no check of its own but the
/// number in it.
#[derive(Clone)]
pub struct Tls {
    pub client: Arc<ClientConfig>,
    pub server: Arc<ServerConfig>,
    /// For connections that want to speak the client agents' protocol.
    pub agents: Arc<ServerConfig>,
    /// The name that every server's certificate carries.
    pub name: ServerName<'static>,
    pub owner: Owner,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}
