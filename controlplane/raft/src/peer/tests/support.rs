//! Two ends that trust each other, and something that answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::{GrpcTransport, Identity, Tls, serve};
use crate::transport::{Answers, Caller, Inbound, Method, PeerAddress, Refusal, Transport, TransportError};

/// Generous: the machine may have other work.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// A CA with a certificate of it. Roles are tested where they are made.
pub(super) struct Authority {
    roots: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Authority {
    pub(super) fn new() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&ca_key).unwrap().der().clone();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let names = CertificateParams::new(vec!["server.dc1.consul".to_owned()]).unwrap();
        let leaf = names.signed_by(&key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(root).unwrap();
        Self { roots: Arc::new(roots), chain: vec![leaf.der().clone()], key }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Shows this authority's certificate and trusts the other's.
    pub(super) fn tls_trusting(&self, trusted: &Self) -> Tls {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(Arc::clone(&trusted.roots))
            .with_client_auth_cert(self.chain.clone(), self.key())
            .unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&trusted.roots), Arc::clone(&provider));
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(self.chain.clone(), self.key())
            .unwrap();
        let name = ServerName::try_from("server.dc1.consul").unwrap();
        let server = Arc::new(server);
        Tls { client: Arc::new(client), agents: Arc::clone(&server), server, name, owner: |_| None }
    }
}

/// TLS of servers that trust one fresh CA.
pub(super) fn tls() -> Tls {
    let authority = Authority::new();
    authority.tls_trusting(&authority)
}

pub(super) fn identity(id: u64) -> Arc<Identity> {
    let identity = Identity::new(id, "dc1");
    identity.set_cluster("c");
    Arc::new(identity)
}

/// A server with number 2.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) identity: Arc<Identity>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(tls: &Tls, inbound: Arc<dyn Inbound>) -> Self {
        Self::start_at(tls, inbound, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub(super) async fn start_at(tls: &Tls, inbound: Arc<dyn Inbound>, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, stop, identity) = (listener.local_addr().unwrap(), CancellationToken::new(), identity(2));
        let task = tokio::spawn(serve(listener, tls.clone(), inbound, None, Arc::clone(&identity), stop.clone()));
        Self { address, identity, stop, task }
    }

    pub(super) fn peer(&self) -> PeerAddress {
        PeerAddress { id: 2, address: self.address.to_string() }
    }

    /// In order: connections are cut, the port is free.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Says back what it was told; refuses `no`, keeps `wait` waiting.
#[derive(Default)]
pub(super) struct Echo {
    pub(super) asked: AtomicUsize,
    pub(super) streams: Arc<AtomicUsize>,
}

/// Counts a stream for as long as it is there.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Inbound for Echo {
    fn call(&self, from: Caller, _: Method, body: Bytes) -> BoxFuture<'static, Result<Bytes, Refusal>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            assert_eq!((from.id, from.cluster.as_str()), (1, "c"));
            match &body[..] {
                b"no" => Err(Refusal("because".to_owned())),
                b"wait" => std::future::pending().await,
                _ => Ok(body),
            }
        })
    }

    fn stream(
        &self,
        _: Caller,
        method: Method,
        frames: Answers,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Refusal>> {
        self.streams.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(&self.streams));
        Box::pin(async move {
            if method == Method::Propose {
                return Err(Refusal("not here".to_owned()));
            }
            let bodies = frames.filter_map(|frame| async move { frame.ok() });
            Ok(bodies
                .map(move |body| {
                    let _counted = &counted;
                    // A raft snapshot's pieces are not worth sending back.
                    if method == Method::Snapshot { Bytes::new() } else { body }
                })
                .boxed())
        })
    }
}

pub(super) fn transport(tls: &Tls) -> GrpcTransport {
    GrpcTransport::new(tls.clone(), identity(1))
}

pub(super) async fn ask(
    transport: &GrpcTransport,
    to: PeerAddress,
    body: &'static [u8],
    deadline: Duration,
) -> Result<Bytes, TransportError> {
    transport.call(to, Method::Vote, Bytes::from_static(body), deadline).await
}

/// Waits until it holds.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = tokio::time::timeout(SOON, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not happen in time"));
}

/// Passes bytes on between clients and one server, until it is frozen.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    frozen: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Relay {
    pub(super) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let (address, frozen) = (listener.local_addr().unwrap(), CancellationToken::new());
        let freeze = frozen.clone();
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let mut upstream = TcpStream::connect(server).await.unwrap();
                let freeze = freeze.clone();
                kept.push(AbortOnDropHandle::new(tokio::spawn(async move {
                    let copying = tokio::io::copy_bidirectional(&mut client, &mut upstream);
                    if freeze.run_until_cancelled(copying).await.is_none() {
                        std::future::pending::<()>().await;
                    }
                })));
            }
        });
        Self { address, frozen, _task: AbortOnDropHandle::new(task) }
    }

    /// From now on nothing passes, and nobody is told.
    pub(super) fn freeze(&self) {
        self.frozen.cancel();
    }
}
