//! An operator with an authority, agents that it has set up, and clients of theirs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::app::Agent;
use crate::config::{self, Config, Flags};
use crate::pem_files;

pub(super) const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12, &rustls::version::TLS13];

/// An authority, and the folder of its files.
pub(super) struct Operator {
    pub(super) dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// A client's certificate and key.
#[derive(Clone)]
pub(super) struct Badge {
    cert: PathBuf,
    key: PathBuf,
}

impl Operator {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, dir.path().display().to_string());
        fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        let operator = Self { dir, issuer: Issuer::new(params, key) };
        operator.issue("agent", ExtendedKeyUsagePurpose::ServerAuth, |_| {});
        operator
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// A certificate for `localhost`, as `<name>.pem` and `<name>-key.pem`.
    pub(super) fn issue(
        &self,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Badge {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        change(&mut params);
        let badge = Badge { cert: self.path(&format!("{name}.pem")), key: self.path(&format!("{name}-key.pem")) };
        fs::write(&badge.cert, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(&badge.key, key.serialize_pem()).unwrap();
        badge
    }

    pub(super) fn client(&self, name: &str) -> Badge {
        self.issue(name, ExtendedKeyUsagePurpose::ClientAuth, |_| {})
    }

    pub(super) fn expired_client(&self) -> Badge {
        self.issue("expired", ExtendedKeyUsagePurpose::ClientAuth, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    /// What an agent reads that has both ports open; `more` stands in either block.
    pub(super) fn config(&self, more: &str) -> Config {
        let dir = self.dir.path().display();
        let block = format!("{{ cert_file = \"{dir}/agent.pem\" key_file = \"{dir}/agent-key.pem\" {more} }}");
        let text = format!("tls {{ https {block} grpc {block} }}").replace("DIR", &dir.to_string());
        let file = self.path("weft.hcl");
        fs::write(&file, text).unwrap();
        let flags = Flags { https_port: Some(0), grpc_tls_port: Some(0), config: vec![file], ..Flags::ephemeral() };
        config::load(&flags).unwrap()
    }

    pub(super) async fn agent(&self, more: &str) -> Agent {
        Agent::start(self.config(more)).await.unwrap()
    }

    /// Connects as a client that believes this operator.
    pub(super) async fn dial(
        &self,
        at: SocketAddr,
        badge: Option<&Badge>,
        versions: &[&'static SupportedProtocolVersion],
        protocol: &[u8],
    ) -> Result<TlsStream<TcpStream>, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(pem_files::authorities(&self.path("ca.pem")).unwrap());
        let mut config = match badge {
            None => builder.with_no_client_auth(),
            Some(badge) => {
                let key = PrivateKeyDer::from_pem_file(&badge.key).unwrap();
                builder.with_client_auth_cert(chain(&badge.cert), key).unwrap()
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        config.resumption = Resumption::disabled();
        let stream = TcpStream::connect(at).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
    }

    /// Whether HTTP/2 is spoken with this client: both ports answer its greeting with one of their own.
    pub(super) async fn greet(
        &self,
        at: SocketAddr,
        badge: Option<&Badge>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<(), String> {
        const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        const SETTINGS: u8 = 4;
        let mut stream = self.dial(at, badge, versions, b"h2").await?;
        let said = |error: std::io::Error| error.to_string();
        stream.write_all(GREETING).await.map_err(said)?;
        let mut frame = [0; 9];
        // Who refuses a client's certificate says so only here, in TLS 1.3.
        stream.read_exact(&mut frame).await.map_err(said)?;
        if frame[3] == SETTINGS { Ok(()) } else { Err(format!("{frame:?}")) }
    }
}

/// A GET over HTTP/1.1: the whole answer.
pub(super) async fn get(mut stream: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

pub(super) fn chain(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file).unwrap().collect::<Result<_, _>>().unwrap()
}
