//! TLS of the ports for clients, HTTPS and gRPC: certificates that the operator has made, and who may come in.
//!
//! ```text
//! TlsSettings ─files─> ServerConfig, replaced as a whole ─> handshake of each connection
//! ```
//!
//! A handshake goes by what holds when it begins; connections that are open stay as they are.

mod https;
mod incoming;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::config::{ClientTls, TlsSettings, TlsVersion};
use crate::pem_files::{self, Changed};

pub(crate) use https::Https;
pub(crate) use incoming::incoming;

/// How often files are looked at.
const REFRESH: Duration = Duration::from_secs(30);

const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// The protocols that each port offers inside TLS, its favourite first.
const HTTPS: &[&[u8]] = &[b"h2", b"http/1.1"];
const GRPC: &[&[u8]] = &[b"h2"];

/// The door of one port.
pub(crate) struct Door {
    /// What to call the port in the log.
    name: &'static str,
    protocols: &'static [&'static [u8]],
    loaded: RwLock<Loaded>,
    /// How long a client may take to show who it is.
    patience: Duration,
}

struct Loaded {
    settings: TlsSettings,
    /// When the files were changed that are in use.
    read: Changed,
    server: Arc<ServerConfig>,
}

impl Door {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub(crate) fn open(
        name: &'static str,
        protocols: &'static [&'static [u8]],
        settings: TlsSettings,
    ) -> anyhow::Result<Arc<Self>> {
        let loaded = load(settings, protocols).with_context(|| format!("the {name} port"))?;
        Ok(Arc::new(Self { name, protocols, loaded: RwLock::new(loaded), patience: HANDSHAKE_MAX }))
    }

    /// Reads the files again where they have changed. Blocks.
    ///
    /// # Errors
    /// They cannot be used; what was read before stays.
    pub(crate) fn refresh(&self) -> anyhow::Result<()> {
        let settings = {
            let loaded = self.loaded.read();
            if loaded.read == changed(&loaded.settings) {
                return Ok(());
            }
            loaded.settings.clone()
        };
        self.change(settings)
    }

    /// Goes by other settings from now on. Blocks.
    ///
    /// # Errors
    /// Their files cannot be used; what held before stays.
    pub(crate) fn change(&self, settings: TlsSettings) -> anyhow::Result<()> {
        self.adopt(self.prepare(settings)?);
        Ok(())
    }

    fn prepare(&self, settings: TlsSettings) -> anyhow::Result<Loaded> {
        load(settings, self.protocols).with_context(|| format!("the {} port", self.name))
    }

    fn adopt(&self, loaded: Loaded) {
        *self.loaded.write() = loaded;
        tracing::info!("the {} port has read its certificates", self.name);
    }

    /// Looks at the files from time to time.
    pub(crate) async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(REFRESH)).await.is_some() {
            let door = Arc::clone(&self);
            let refreshed = tokio::task::spawn_blocking(move || door.refresh()).await;
            if let Err(error) = refreshed.unwrap_or_else(|error| Err(error.into())) {
                tracing::error!("certificates stay as they are: {error:#}");
            }
        }
    }

    /// Takes one client in, or tells why not.
    async fn take_in(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.loaded.read().server));
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long");
        timeout(self.patience, acceptor.accept(stream)).await.unwrap_or_else(|_| Err(late()))
    }
}

/// The doors of all ports.
#[derive(Clone, Default)]
pub(crate) struct Doors {
    pub(crate) https: Option<Arc<Door>>,
    pub(crate) grpc: Option<Arc<Door>>,
}

impl Doors {
    /// Opens the doors of the ports that are not off.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub(crate) async fn open(tls: ClientTls) -> anyhow::Result<Self> {
        let open = move || {
            let https = tls.https.map(|settings| Door::open("HTTPS", HTTPS, settings)).transpose()?;
            let grpc = tls.grpc.map(|settings| Door::open("gRPC TLS", GRPC, settings)).transpose()?;
            Ok(Self { https, grpc })
        };
        tokio::task::spawn_blocking(open).await?
    }

    /// Goes by other settings from now on, all doors or none. A port that is off stays so, and one that is open
    /// keeps what it has where nothing is said of it any more. Blocks.
    ///
    /// # Errors
    /// Which file cannot be used, and why; what held before stays.
    pub(crate) fn change(&self, tls: &ClientTls) -> anyhow::Result<()> {
        let pairs = [(&self.https, &tls.https), (&self.grpc, &tls.grpc)];
        let both = pairs.into_iter().filter_map(|(door, settings)| Some((door.as_ref()?, settings.as_ref()?)));
        let prepared = both.map(|(door, settings)| Ok((door, door.prepare(settings.clone())?)));
        for (door, loaded) in prepared.collect::<anyhow::Result<Vec<_>>>()? {
            door.adopt(loaded);
        }
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Arc<Door>> {
        [&self.https, &self.grpc].into_iter().flatten().cloned()
    }
}

fn changed(settings: &TlsSettings) -> Changed {
    let own = [settings.cert.as_path(), settings.key.as_path()];
    pem_files::changed(own.into_iter().chain(settings.clients_of.as_deref()))
}

fn load(settings: TlsSettings, protocols: &[&[u8]]) -> anyhow::Result<Loaded> {
    let read = changed(&settings);
    let certified = pem_files::certified(&settings.cert, &settings.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions: &[_] = match settings.min_version {
        TlsVersion::V1_2 => &[&TLS12, &TLS13],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let builder = match &settings.clients_of {
        None => builder.with_no_client_auth(),
        Some(ca) => builder.with_client_cert_verifier(clients(ca, provider)?),
    };
    let mut server = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    server.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    if settings.clients_of.is_some() {
        // A resumed session would outlive the certificate that it was opened with.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
    }
    Ok(Loaded { settings, read, server: Arc::new(server) })
}

/// Only who has a certificate of this authority comes in.
fn clients(
    ca: &Path,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> anyhow::Result<Arc<dyn rustls::server::danger::ClientCertVerifier>> {
    let roots = Arc::new(pem_files::authorities(ca)?);
    Ok(WebPkiClientVerifier::builder_with_provider(roots, provider).build()?)
}
