//! A CA to test with, and TLS 1.3 handshakes in memory against its certificates.
#![allow(clippy::unwrap_used, dead_code)]

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    ServerConnection, SideData, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use weft_ca::csr::{self, Grant};
use weft_ca::leaf::{LeafTerms, Signer};
use weft_ca::root::{self, RootTerms};
use weft_ca::rotation::Draw;
use weft_ca::{CaKey, KeySpec, SpiffeId, TrustDomain};
use weft_model::Timestamp;
use weft_model::ca::{CaRoot, Leaf};

pub(crate) const CLUSTER: &str = "30976b10-1e07-f80a-d0c2-d985611970e8";
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const LEAF_TTL: Duration = Duration::from_secs(72 * 3600);

pub(crate) fn now() -> Timestamp {
    Timestamp(1_800_000_000_000_000_000)
}

pub(crate) fn domain() -> TrustDomain {
    TrustDomain::of_cluster(CLUSTER).unwrap()
}

pub(crate) fn service(name: &str) -> SpiffeId {
    SpiffeId::service(domain(), "dc1".into(), name.into()).unwrap()
}

pub(crate) fn draw(now: Timestamp) -> Draw {
    Draw::new(now)
}

pub(crate) fn p256() -> CaKey {
    CaKey::generate(KeySpec::EcP256).unwrap()
}

pub(crate) fn new_root(spec: KeySpec) -> CaRoot {
    let domain = domain();
    let terms = RootTerms { trust_domain: &domain, tag: "abcd1234", serial_number: 7, now: now(), ttl: DAY * 3650 };
    root::generate(&terms, &CaKey::generate(spec).unwrap()).unwrap()
}

/// A leaf for `name` signed by `root`.
pub(crate) fn leaf(root: &CaRoot, name: &str, at: Timestamp) -> Leaf {
    leaf_of_kind(root, name, at, KeySpec::EcP256)
}

pub(crate) fn leaf_of_kind(root: &CaRoot, name: &str, at: Timestamp, spec: KeySpec) -> Leaf {
    let key = CaKey::generate(spec).unwrap();
    let grant = Grant::of(service(name));
    let request = csr::check(&csr::create(&key, &grant).unwrap(), grant).unwrap();
    let terms = LeafTerms { serial_number: 8, now: at, ttl: LEAF_TTL };
    Signer::new(root).unwrap().sign(&request, terms).unwrap().with_key(name.into(), key.private_pem().clone())
}

pub(crate) fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

/// One end of a connection: its leaf, and the roots that it trusts.
#[derive(Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) leaf: &'a Leaf,
    pub(crate) trusts: &'a [&'a CaRoot],
}

/// A mutual handshake at time `at`; the answer is the identity that each end has seen of the other.
pub(crate) fn handshake(client: End<'_>, server: End<'_>, at: Timestamp) -> Result<(String, String), Error> {
    let mut client = ClientConnection::new(
        Arc::new(client_config(client, at)?),
        ServerName::try_from("no-name-is-compared.invalid").unwrap(),
    )?;
    let mut server = ServerConnection::new(Arc::new(server_config(server, at)?))?;
    while client.is_handshaking() || server.is_handshaking() {
        transfer(&mut client, &mut server)?;
        transfer(&mut server, &mut client)?;
    }
    assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    Ok((identity(server.peer_certificates()), identity(client.peer_certificates())))
}

fn transfer<A: SideData, B: SideData>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
) -> Result<(), Error> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

fn identity(chain: Option<&[CertificateDer<'_>]>) -> String {
    let leaf = &chain.unwrap()[0];
    weft_ca::cert::Facts::from_der(leaf).unwrap().identity().unwrap().to_string()
}

fn client_config(end: End<'_>, at: Timestamp) -> Result<ClientConfig, Error> {
    let verifier = ChainVerifier { roots: store(end.trusts), provider: provider() };
    ClientConfig::builder_with_details(provider(), Arc::new(Clock(at)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(certificates(&end.leaf.cert_pem), key(end.leaf))
}

fn server_config(end: End<'_>, at: Timestamp) -> Result<ServerConfig, Error> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(store(end.trusts)), provider()).build().unwrap();
    ServerConfig::builder_with_details(provider(), Arc::new(Clock(at)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&end.leaf.cert_pem), key(end.leaf))
}

/// The provider without its preference for large keys, which would only slow the tests.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let kx_groups = vec![aws_lc_rs::kx_group::X25519];
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
}

fn key(leaf: &Leaf) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(leaf.private_key_pem.0.as_bytes()).unwrap()
}

fn store(roots: &[&CaRoot]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(certificates(&root.root_cert).remove(0)).unwrap();
    }
    store
}

#[derive(Debug)]
struct Clock(Timestamp);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.seconds().unsigned_abs())))
    }
}

/// Checks the server's chain as rustls does, and no name: mesh identities are no DNS names.
#[derive(Debug)]
struct ChainVerifier {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ChainVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let certificate = ParsedCertificate::try_from(end_entity)?;
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".into()))
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
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether rustls' own server verifier, names included, takes the chain for `name`.
pub(crate) fn server_chain_is_valid_for(leaf: &Leaf, root: &CaRoot, name: &str, at: Timestamp) -> bool {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store(&[root])), provider()).build().unwrap();
    let chain = certificates(&leaf.cert_pem);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], Clock(at).current_time().unwrap()).is_ok()
}
