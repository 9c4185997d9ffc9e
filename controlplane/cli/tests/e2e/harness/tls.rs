//! A caller without a sidecar: TLS by hand to a sidecar's public port, with any identity or none.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;

use super::Agent;
use super::http::PATIENCE;

/// A certificate chain and its key.
pub(crate) struct Identity {
    chain: String,
    key: String,
}

impl Identity {
    /// The leaf that the agent gives for a service.
    pub(crate) async fn of_service(agent: &Agent, service: &str) -> Self {
        let leaf = agent.get(&format!("/v1/agent/connect/ca/leaf/{service}")).await;
        let text = |field: &str| leaf[field].as_str().unwrap().to_owned();
        Self { chain: text("CertPEM"), key: text("PrivateKeyPEM") }
    }
}

/// An authority that the mesh does not know.
pub(crate) struct OtherAuthority;

impl OtherAuthority {
    /// A leaf with the right name, signed by the wrong authority.
    pub(crate) fn identity(uri: &str) -> Identity {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "another authority");
        let issuer = Issuer::new(root, KeyPair::generate().unwrap());
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        Identity { chain: leaf.pem(), key: key.serialize_pem() }
    }
}

/// A connection whose handshake has ended on the caller's side.
pub(crate) struct Handshake {
    pub(crate) version: ProtocolVersion,
    /// The names in the server's certificate: URIs as they are.
    pub(crate) uris: Vec<String>,
    /// The key that signed the server's certificate, as the certificate names it.
    pub(crate) issuer_key: Vec<u8>,
    stream: TlsStream<TcpStream>,
}

impl Handshake {
    /// Connects with these versions, presenting this identity or none.
    pub(crate) async fn dial(
        port: u16,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Self, String> {
        let connector = TlsConnector::from(Arc::new(config(identity, versions)));
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        let name = ServerName::try_from("api.default.dc1.internal").unwrap();
        let handshake = tokio::time::timeout(PATIENCE, connector.connect(name, tcp)).await;
        let stream = handshake.map_err(|_| "no handshake")?.map_err(|error| error.to_string())?;
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().unwrap();
        let (uris, issuer_key) = read_certificate(&session.peer_certificates().unwrap()[0]);
        Ok(Self { version, uris, issuer_key, stream })
    }

    /// With TLS 1.3.
    pub(crate) async fn dial_13(port: u16, identity: Option<&Identity>) -> Result<Self, String> {
        Self::dial(port, identity, &[&rustls::version::TLS13]).await
    }

    /// Sends these bytes and gives what comes back first. A server that refuses the caller's
    /// certificate says so only here, in TLS 1.3.
    pub(crate) async fn exchange(&mut self, bytes: &[u8]) -> Result<String, String> {
        let exchange = async {
            self.stream.write_all(bytes).await.map_err(|error| error.to_string())?;
            let mut answer = [0; 4096];
            let length = self.stream.read(&mut answer).await.map_err(|error| error.to_string())?;
            if length == 0 { Err("closed".into()) } else { Ok(String::from_utf8_lossy(&answer[..length]).into_owned()) }
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer".to_owned())?
    }

    /// Sends an HTTP/1.1 request and gives the whole answer.
    pub(crate) async fn request(&mut self, bytes: &[u8]) -> Result<String, String> {
        let exchange = async {
            self.stream.write_all(bytes).await.map_err(|error| error.to_string())?;
            super::call::read_answer(&mut self.stream).await
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer".to_owned())?
    }
}

fn config(identity: Option<&Identity>, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(AnyServer(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes()).collect::<Result<_, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

fn read_certificate(certificate: &CertificateDer<'_>) -> (Vec<String>, Vec<u8>) {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).unwrap();
    let names = parsed.subject_alternative_name().unwrap().map(|names| &names.value.general_names);
    let uri =
        |name: &GeneralName<'_>| if let GeneralName::URI(uri) = name { (*uri).to_owned() } else { format!("{name:?}") };
    let uris = names.into_iter().flatten().map(uri).collect();
    let is_authority_key = |id: &x509_parser::oid_registry::Oid<'_>| {
        *id == x509_parser::oid_registry::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER
    };
    let key = parsed.extensions().iter().find(|extension| is_authority_key(&extension.oid));
    (uris, key.map(|extension| extension.value.to_vec()).unwrap_or_default())
}

/// Takes any server certificate: the tests look at it themselves.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
