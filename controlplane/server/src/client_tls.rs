//! The client's half of TLS, for checks and for the command line: whom it trusts, and what it shows of itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::pem_files;

/// Where systems keep the roots that they trust.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Whom a client believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust<'a> {
    /// Whoever has a certificate of the authorities in this file or directory.
    Authorities(&'a Path),
    /// Whoever has one that this system trusts.
    System,
    /// Whoever answers.
    Anyone,
}

impl<'a> Trust<'a> {
    /// In the authorities that are given, else in the system's.
    #[must_use]
    pub fn of(ca: Option<&'a Path>) -> Self {
        ca.map_or(Self::System, Self::Authorities)
    }
}

/// What a client goes by; `own` is its certificate and key. Blocks.
///
/// # Errors
/// Which file cannot be used, and why.
pub fn config(trust: Trust<'_>, own: Option<(&Path, &Path)>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::Authorities(ca) => builder.with_root_certificates(pem_files::authorities(ca)?),
        Trust::System => builder.with_root_certificates(system()?),
        Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider))),
    };
    let Some((cert, key)) = own else { return Ok(builder.with_no_client_auth()) };
    let certified = pem_files::certified(cert, key)?;
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

/// Whether a certificate and a key belong together. Blocks.
///
/// # Errors
/// Which file cannot be used, and why.
pub fn check_pair(cert: &Path, key: &Path) -> anyhow::Result<()> {
    pem_files::certified(cert, key).map(drop)
}

/// The file in which this system keeps the roots that it trusts.
#[must_use]
pub fn system_roots() -> Option<PathBuf> {
    SYSTEM_ROOTS.into_iter().map(PathBuf::from).find(|path| path.is_file())
}

fn system() -> anyhow::Result<RootCertStore> {
    let file = system_roots().context("this system has no root certificates")?;
    let found = CertificateDer::pem_file_iter(&file)?.collect::<Result<Vec<_>, _>>();
    let mut roots = RootCertStore::empty();
    // A system may trust what is too odd for us.
    roots.add_parsable_certificates(found.with_context(|| file.display().to_string())?);
    Ok(roots)
}

/// Takes whoever answers. The other side still proves that it has the key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
