//! TLS of probes: whom they trust, and what they show of themselves.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::settings::Certificates;

/// Where systems keep the roots that they trust.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

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
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = if skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    } else {
        builder.with_root_certificates(roots(certificates.ca.as_deref())?)
    };
    let Some((cert, key)) = &certificates.own else { return Ok(builder.with_no_client_auth()) };
    let chain = read(cert).with_context(|| format!("cert_file {}", cert.display()))?;
    // What is wrong with a key is not said in detail: it could show the key.
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| anyhow::anyhow!("key_file {}: there is no private key in it (PEM)", key.display()))?;
    Ok(builder.with_client_auth_cert(chain, key)?)
}

fn roots(ca: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for root in read(path).with_context(|| format!("ca_file {}", path.display()))? {
                roots.add(root).with_context(|| format!("ca_file {}", path.display()))?;
            }
        }
        None => {
            let system = SYSTEM_ROOTS.iter().find_map(|path| read(Path::new(path)).ok());
            // A system may trust what is too odd for us.
            roots.add_parsable_certificates(system.context("this system has no root certificates")?);
        }
    }
    Ok(roots)
}

fn read(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    Ok(CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?)
}

/// Takes whoever answers, as `TLSSkipVerify` says. The other side still proves that it has the key.
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
