//! How servers prove themselves to each other: mutual TLS 1.3 with the server role in every
//! certificate.
//!
//! ```text
//! join secret ─HKDF─> CA of the servers ─> own leaf ─┐
//! ca_file, cert_file, key_file ──────────────────────┴─> Holder ─> weft_raft::peer::Tls
//! ```
//!
//! There is no way around it and no second chance: a peer whose certificate does not say that it is a
//! server of this datacenter is refused, by whichever end sees it. Client agents come to the same port with
//! certificates of a role of their own, which lets them ask and not vote.

mod files;
mod holder;
mod issuer;
mod role;
mod secret;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};
use tokio_util::sync::CancellationToken;
use weft_raft::peer::{self, Tls};

use crate::config::Config;
use files::Files;
use holder::{Callers, Credentials, Holder};
use issuer::Issuer;
use role::Role;

pub(crate) use secret::JoinSecret;
pub use secret::generate;

/// The domain of servers' names.
const DOMAIN: &str = "consul";

/// The protocol inside TLS: gRPC after a greeting.
const ALPN: &[u8] = b"weft-peer";

/// How often certificates are looked at.
const REFRESH: Duration = Duration::from_secs(30);

/// How this server's certificates come to be.
enum Source {
    Issued(Box<Issuer>),
    Given(Files),
}

/// This server's proof and its trust, kept fresh.
pub(crate) struct Link {
    tls: Tls,
    holder: Arc<Holder>,
    source: Source,
}

/// What the link of this server is made of: given certificates, else the join secret. Without either, a
/// server that is alone gets a secret that nobody else has, and servers that only use loopback addresses
/// share one that everybody knows. Blocks.
///
/// # Errors
/// There is neither and there should be, or the certificates cannot be used. Says what to do.
pub(crate) fn link(config: &Config, raft_id: u64, alone: bool) -> anyhow::Result<Link> {
    let role = Role::new(config.node.datacenter.as_str(), DOMAIN);
    let (source, others) = match source(config, alone, &role, &role.clone().numbered(raft_id))? {
        Source::Given(files) => (Source::Given(files), role),
        Source::Issued(issuer) => (Source::Issued(issuer), role.every_number()),
    };
    Link::new(source, others, config, ALPN)
}

/// The same for a client agent: it shows that it is one, and believes servers.
///
/// # Errors
/// As [`link`].
pub(crate) fn client_link(config: &Config) -> anyhow::Result<Link> {
    let datacenter = config.node.datacenter.as_str();
    let role = Role::client(datacenter, DOMAIN);
    let source = source(config, false, &role, &role)?;
    Link::new(source, Role::new(datacenter, DOMAIN), config, peer::ALPN_CLIENT)
}

/// Where this agent's certificates come from: `given` is what those of files must say, `issued` what own ones do.
fn source(config: &Config, alone: bool, given: &Role, issued: &Role) -> anyhow::Result<Source> {
    if let Some(files) = &config.security.certificates {
        if config.security.encrypt.is_some() {
            tracing::info!("encrypt is not used for the servers' port: certificates are given");
        }
        return Ok(Source::Given(Files::new(files.clone(), given.clone())));
    }
    let secret = match &config.security.encrypt {
        Some(text) => JoinSecret::read(text.reveal()).map_err(anyhow::Error::msg).context("encrypt")?,
        None if alone => JoinSecret::random(),
        None if is_loopback(config) => {
            tracing::warn!(
                "the servers' port is protected by a secret that everybody knows, because all addresses are loopback; \
                 for servers on several machines: weft keygen, and --encrypt with its output on every server"
            );
            JoinSecret::development()
        }
        None => bail!(
            "servers need a join secret to trust each other: run `weft keygen` once and give its output to every server \
             with --encrypt (or the key encrypt in a file); or give each a certificate with ca_file, cert_file and \
             key_file"
        ),
    };
    Ok(Source::Issued(Box::new(Issuer::new(&secret, issued.clone())?)))
}

/// Whether this server and those it joins can only be reached from this machine.
fn is_loopback(config: &Config) -> bool {
    let local = |address: &String| {
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    config.bind.is_loopback() && config.node.address.is_loopback() && config.cluster.retry_join.iter().all(local)
}

/// How connections of callers of one role are taken in, who want to speak one protocol.
fn accepting(role: Role, holder: &Arc<Holder>, protocol: &[u8]) -> anyhow::Result<ServerConfig> {
    let who = Arc::new(Callers { holder: Arc::clone(holder), role });
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(who)
        .with_cert_resolver(holder.clone());
    server.alpn_protocols = vec![protocol.to_vec()];
    server.send_tls13_tickets = 0;
    Ok(server)
}

impl Source {
    fn credentials(&self) -> anyhow::Result<Credentials> {
        match self {
            Self::Issued(issuer) => issuer.credentials(),
            Self::Given(files) => files.credentials(),
        }
    }
}

impl Link {
    fn new(source: Source, role: Role, config: &Config, protocol: &[u8]) -> anyhow::Result<Self> {
        let name = ServerName::try_from(role.name().to_owned()).context("datacenter")?;
        let holder = Arc::new(Holder::new(source.credentials()?, role.clone()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(holder.clone())
            .with_client_cert_resolver(holder.clone());
        client.alpn_protocols = vec![protocol.to_vec()];
        client.enable_sni = false;
        // A resumed session would outlive the certificate that it was opened with.
        client.resumption = Resumption::disabled();
        let agents = Role::client(config.node.datacenter.as_str(), DOMAIN);
        let tls = Tls {
            client: Arc::new(client),
            server: Arc::new(accepting(role, &holder, ALPN)?),
            agents: Arc::new(accepting(agents, &holder, peer::ALPN_CLIENT)?),
            name,
            owner: role::owner,
        };
        Ok(Self { tls, holder, source })
    }

    /// For the transport and for the listener.
    pub(crate) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Renews the certificate before it ends, or takes over the files when they change. Connections
    /// that are open stay as they are.
    pub(crate) async fn keep_fresh(self, stop: CancellationToken) {
        let link = Arc::new(self);
        while stop.run_until_cancelled(tokio::time::sleep(REFRESH)).await.is_some() {
            let refreshing = Arc::clone(&link);
            let refreshed = tokio::task::spawn_blocking(move || refreshing.refresh()).await;
            if let Err(error) = refreshed.unwrap_or_else(|error| Err(error.into())) {
                tracing::error!("the servers' certificate stays as it is: {error:#}");
            }
        }
    }

    fn refresh(&self) -> anyhow::Result<()> {
        let stale = match &self.source {
            Source::Issued(issuer) => issuer.is_due(),
            Source::Given(files) => files.have_changed(),
        };
        if stale {
            self.holder.replace(self.source.credentials()?);
            tracing::info!("the servers' certificate is a new one");
        }
        Ok(())
    }
}
