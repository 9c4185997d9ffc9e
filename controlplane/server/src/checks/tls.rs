//! TLS of probes: whom they trust, and what they show of themselves.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::settings::Certificates;
use crate::client_tls::{self, Trust};

/// What a probe wants of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// The name that the other side must have; empty: the host that is dialled.
    pub(super) server_name: String,
    pub(super) skip_verify: bool,
}

/// Makes connections secure. The roots are read when the first probe needs them.
pub(super) struct Tls {
    certificates: Certificates,
    verifying: OnceLock<Result<ClientConfig, String>>,
    trusting: OnceLock<Result<ClientConfig, String>>,
}

impl Tls {
    pub(super) fn new(certificates: Certificates) -> Self {
        Self { certificates, verifying: OnceLock::new(), trusting: OnceLock::new() }
    }

    /// Speaks TLS over `stream`. `protocol` is offered by ALPN, unless it is empty.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn over(
        &self,
        stream: TcpStream,
        host: &str,
        wish: &Wish,
        protocol: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        let mut config = self.config(wish.skip_verify)?;
        if !protocol.is_empty() {
            config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        }
        let name = if wish.server_name.is_empty() { host } else { &wish.server_name };
        let name = ServerName::try_from(name.to_owned()).map_err(|error| format!("{name:?}: {error}"))?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.map_err(|error| format!("tls: {error}"))
    }

    fn config(&self, skip_verify: bool) -> Result<ClientConfig, String> {
        let place = if skip_verify { &self.trusting } else { &self.verifying };
        let made =
            place.get_or_init(|| make(&self.certificates, skip_verify).map_err(|error| format!("tls: {error:#}")));
        made.clone()
    }
}

fn make(certificates: &Certificates, skip_verify: bool) -> anyhow::Result<ClientConfig> {
    let own = certificates.own.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
    let trust = if skip_verify { Trust::Anyone } else { Trust::of(certificates.ca.as_deref()) };
    client_tls::config(trust, own)
}
