//! A caller with a certificate of its own and no scruples about what it sends.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use weft_mesh::authz::Request;
use weft_model::ca::Leaf;

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller(TlsConnector);

/// A connection that may have been refused.
pub(crate) struct Connection(Option<TlsStream<TcpStream>>);

/// What came back.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Http { status: u16, body: String },
    Closed,
}

impl Caller {
    /// A caller with this certificate.
    pub(crate) fn new(leaf: &Leaf) -> Self {
        let chain = CertificateDer::pem_slice_iter(leaf.cert_pem.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(leaf.private_key_pem.0.as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        Self(TlsConnector::from(Arc::new(config.with_client_auth_cert(chain, key).unwrap())))
    }

    /// Connects as soon as somebody listens there.
    pub(crate) async fn connect(&self, port: u16) -> Connection {
        for _ in 0..1000 {
            if let Ok(tcp) = TcpStream::connect(("127.0.0.1", port)).await {
                tcp.set_nodelay(true).unwrap();
                let name = ServerName::try_from("api.default.dc1.internal").unwrap();
                return Connection(self.0.connect(name, tcp).await.ok());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody listens on {port}");
    }
}

impl Connection {
    /// Sends a request.
    pub(crate) async fn send(&mut self, request: &Request) -> Answer {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method, request.path, request.authority).into_bytes();
        for (name, value) in &request.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"content-length: 0\r\n\r\n");
        self.send_raw(&head).await
    }

    /// Sends the head of a request, byte for byte.
    pub(crate) async fn send_raw(&mut self, head: &[u8]) -> Answer {
        let exchange = self.exchange(head);
        let answer = tokio::time::timeout(Duration::from_secs(30), exchange).await.expect("an answer or an end");
        if answer.is_none() {
            self.0 = None;
        }
        answer.unwrap_or(Answer::Closed)
    }

    /// Whether the other side sends something, or closes, before it is asked anything.
    pub(crate) async fn first_bytes(&mut self) -> Vec<u8> {
        let Some(stream) = self.0.as_mut() else { return Vec::new() };
        let mut bytes = [0; 1024];
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut bytes)).await;
        bytes[..read.expect("bytes or an end").unwrap_or(0)].to_vec()
    }

    async fn exchange(&mut self, head: &[u8]) -> Option<Answer> {
        let stream = self.0.as_mut()?;
        stream.write_all(head).await.ok()?;
        let mut answer = Vec::new();
        loop {
            let mut bytes = [0; 8192];
            let read = stream.read(&mut bytes).await.ok()?;
            if read == 0 {
                return None;
            }
            answer.extend_from_slice(&bytes[..read]);
            let text: String = answer.iter().map(|byte| char::from(*byte)).collect();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
            let wanted: usize = head.lines().find_map(length).unwrap_or(0);
            if body.len() >= wanted {
                let closes = head.to_ascii_lowercase().contains("connection: close");
                let status = head.split(' ').nth(1)?.parse().ok()?;
                let answer = Answer::Http { status, body: body.to_owned() };
                if closes {
                    self.0 = None;
                }
                return Some(answer);
            }
        }
    }
}

impl Answer {
    /// The status; 0 when the connection was closed.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Http { status, .. } => *status,
            Self::Closed => 0,
        }
    }

    /// The path that the application was asked for, if it was.
    pub(crate) fn forwarded_path(&self) -> Option<&str> {
        match self {
            Self::Http { status: 200, body } => body.split(' ').nth(1),
            Self::Http { .. } | Self::Closed => None,
        }
    }
}

/// Whom we talk to is not what these tests are about.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 was not offered".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
