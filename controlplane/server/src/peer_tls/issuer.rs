//! The servers' CA, which every server that knows the join secret holds, and the leaf that a server
//! issues to itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use parking_lot::Mutex;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SanType, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::holder::Credentials;
use super::role::Role;
use super::secret::JoinSecret;

/// A leaf's life. It begins early, so that clocks that differ are found and named by what servers say to
/// each other, and do not just end the handshake.
const EARLY: Duration = Duration::from_secs(24 * 3600);
const LIFE: Duration = Duration::from_secs(48 * 3600);
const RENEW: Duration = Duration::from_secs(12 * 3600);

/// PKCS#8 of an Ed25519 key, up to its 32 bytes.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

pub(super) struct Issuer {
    ca: rcgen::Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    role: Role,
    issued: Mutex<SystemTime>,
}

impl Issuer {
    pub(super) fn new(secret: &JoinSecret, role: Role) -> anyhow::Result<Self> {
        let pkcs8 = [PKCS8.as_slice(), &secret.ca_seed()?].concat();
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), &PKCS_ED25519)?;
        let mut params = CertificateParams::default();
        // A name of its own for each key: another secret's leaf is then of an unknown CA, not badly signed.
        let digest = Sha256::digest(key.subject_public_key_info());
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name = common_name(&format!("weft servers {tag}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key)?.der().clone();
        let ca = rcgen::Issuer::new(params, key);
        Ok(Self { ca, root, role, issued: Mutex::new(UNIX_EPOCH) })
    }

    /// A new leaf, and trust in those of the same secret.
    pub(super) fn credentials(&self) -> anyhow::Result<Credentials> {
        let now = SystemTime::now();
        let leaf = self.leaf(now).context("this agent's certificate")?;
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone())?;
        *self.issued.lock() = now;
        Credentials::new(leaf, roots)
    }

    #[cfg(test)]
    pub(super) fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// Whether the leaf should be replaced. A clock that was set is a reason too.
    pub(super) fn is_due(&self) -> bool {
        SystemTime::now().duration_since(*self.issued.lock()).map_or(true, |age| age > RENEW)
    }

    pub(super) fn leaf(&self, now: SystemTime) -> anyhow::Result<Arc<CertifiedKey>> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let mut params = CertificateParams::default();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let date = |since: Duration| date_time_ymd(1970, 1, 1) + Duration::from_secs(since.as_secs());
        params.not_before = date(since.saturating_sub(EARLY));
        params.not_after = date(since + LIFE);
        params.distinguished_name = common_name(self.role.name());
        params.subject_alt_names = vec![SanType::DnsName(Ia5String::try_from(self.role.name())?)];
        if let Some(uri) = self.role.uri() {
            params.subject_alt_names.push(SanType::URI(Ia5String::try_from(uri)?));
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.ca)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key.into())?;
        Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
