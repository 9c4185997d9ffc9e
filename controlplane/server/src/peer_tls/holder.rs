//! What this server shows and whom it believes, for both ends of TLS. Replaced as a whole.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, RootCertStore, SignatureScheme};

use super::role::Role;

/// A certificate with its key, and the trust that goes with it.
#[derive(Debug)]
pub(super) struct Credentials {
    leaf: Arc<CertifiedKey>,
    servers: Arc<WebPkiServerVerifier>,
    clients: Arc<dyn ClientCertVerifier>,
}

impl Credentials {
    pub(super) fn new(leaf: Arc<CertifiedKey>, roots: RootCertStore) -> anyhow::Result<Self> {
        let (roots, provider) = (Arc::new(roots), Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let servers = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build()?;
        let clients = WebPkiClientVerifier::builder_with_provider(roots, provider).build()?;
        Ok(Self { leaf, servers, clients })
    }

    #[cfg(test)]
    pub(super) fn leaf(&self) -> &CertificateDer<'static> {
        &self.leaf.cert[0]
    }

    /// Whether others that trust the same would take this server for one.
    pub(super) fn check(&self, role: &Role) -> Result<(), String> {
        let (leaf, above) = self.leaf.cert.split_first().ok_or("there is none")?;
        role.check(leaf)?;
        if role.is_client() {
            let verified = self.clients.verify_client_cert(leaf, above, UnixTime::now());
            return verified.map(drop).map_err(|error| error.to_string());
        }
        let (name, now) = (ServerName::try_from(role.name()).map_err(|error| error.to_string())?, UnixTime::now());
        let verified = self.servers.verify_server_cert(leaf, above, &name, &[], now);
        let verified = verified.and_then(|_| self.clients.verify_client_cert(leaf, above, now));
        verified.map(drop).map_err(|error| error.to_string())
    }
}

#[derive(Debug)]
pub(super) struct Holder {
    current: RwLock<Arc<Credentials>>,
    role: Role,
}

impl Holder {
    pub(super) fn new(credentials: Credentials, role: Role) -> Self {
        Self { current: RwLock::new(Arc::new(credentials)), role }
    }

    pub(super) fn replace(&self, credentials: Credentials) {
        *self.current.write() = Arc::new(credentials);
    }

    pub(super) fn current(&self) -> Arc<Credentials> {
        Arc::clone(&self.current.read())
    }
}

impl ResolvesServerCert for Holder {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current().leaf))
    }
}

impl ResolvesClientCert for Holder {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current().leaf))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for Holder {
    /// The role is looked at last, so that a certificate of somebody else's CA is told apart.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let servers = &self.current().servers;
        let verified = servers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ))
            | Ok(_) => self.role.check(end_entity).map_err(refused)?,
            Err(_) => {}
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().servers.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().servers.supported_verify_schemes()
    }
}

/// Whom a server believes to be what callers of one kind are.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) holder: Arc<Holder>,
    pub(super) role: Role,
}

impl ClientCertVerifier for Callers {
    /// They have one certificate each, and need no hint.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.holder.current().clients.verify_client_cert(end_entity, intermediates, now)?;
        self.role.check(end_entity).map_err(refused)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.holder.current().clients.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.holder.current().clients.supported_verify_schemes()
    }
}

fn only_tls13() -> rustls::Error {
    rustls::Error::PeerIncompatible(rustls::PeerIncompatible::Tls13RequiredForQuic)
}

/// A certificate of the right CA and the wrong role.
#[derive(Debug)]
struct WrongRole(String);

impl fmt::Display for WrongRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for WrongRole {}

fn refused(why: String) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(WrongRole(why)))))
}
