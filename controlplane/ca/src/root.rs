//! Making a root: generated here, or taken over from the operator.

use std::time::Duration;

use rustls_pki_types::pem::SectionKind;
use weft_model::Timestamp;
use weft_model::ca::{CaRoot, PrivateKeyPem};
use x509_parser::extensions::ParsedExtension;

use crate::cert::{self, Facts};
use crate::error::CaError;
use crate::id::key_id;
use crate::issue::{self, Authority, BACK_DATE, Template, Usage};
use crate::key::CaKey;
use crate::pem;
use crate::spiffe::{SpiffeId, TrustDomain};

/// The name that Consul shows for every root of the built-in provider.
pub const ROOT_NAME: &str = "Consul CA Root Cert";

/// What a generated root is made of besides its key.
#[derive(Clone, Debug)]
pub struct RootTerms<'a> {
    /// Whose authority it is.
    pub trust_domain: &'a TrustDomain,
    /// Eight random characters that keep the names of successive roots apart.
    pub tag: &'a str,
    /// Not zero.
    pub serial_number: u64,
    /// The proposer's time.
    pub now: Timestamp,
    /// How long it lives.
    pub ttl: Duration,
}

/// A self-signed root over `key`. It is not active yet.
///
/// # Errors
/// When the certificate cannot be written.
pub fn generate(terms: &RootTerms<'_>, key: &CaKey) -> Result<CaRoot, CaError> {
    let name = issue::common_name(&format!("pri-{}.consul.ca.{}.consul", terms.tag, terms.trust_domain.short()));
    let public_key = key.public_key();
    let authority = Authority { name: name.clone(), key_id: key_id(&public_key), key };
    let template = Template {
        serial_number: terms.serial_number,
        subject: name,
        not_before: terms.now.minus(BACK_DATE),
        not_after: terms.now.plus(terms.ttl),
        usage: Usage::Authority { path_len: None },
        uri: SpiffeId::signing(terms.trust_domain.clone()).to_string(),
        dns_names: &[],
        ip_addresses: &[],
        key_id: authority.key_id.clone(),
        public_key,
    };
    let facts = Facts::from_der(&issue::issue(&template, &authority)?).map_err(CaError::Internal)?;
    Ok(describe(&facts, key, terms.trust_domain))
}

/// The operator's root, when key and certificate can serve as one. It is not active yet.
///
/// # Errors
/// [`CaError::Material`] that names the configuration key at fault.
pub fn import(
    key: &PrivateKeyPem,
    certificate: &str,
    trust_domain: &TrustDomain,
    now: Timestamp,
) -> Result<CaRoot, CaError> {
    let bad_key = |reason: String| CaError::Material { field: "PrivateKey", reason };
    let bad_certificate = |reason: String| CaError::Material { field: "RootCert", reason };
    let key = CaKey::from_pem(key).map_err(bad_key)?;
    let der = pem::decode_one(certificate, SectionKind::Certificate).map_err(bad_certificate)?;
    let facts = Facts::from_der(&der).map_err(bad_certificate)?;
    check_authority(&facts, now).map_err(bad_certificate)?;
    check_extensions(&der).map_err(bad_certificate)?;
    if facts.public_key != key.public_key() {
        return Err(bad_key("does not belong to RootCert".into()));
    }
    Ok(describe(&facts, &key, trust_domain))
}

/// The key in the configuration's `PrivateKey`.
///
/// # Errors
/// [`CaError::Material`] when it is none that can be used.
pub fn read_operator_key(key: &PrivateKeyPem) -> Result<CaKey, CaError> {
    CaKey::from_pem(key).map_err(|reason| CaError::Material { field: "PrivateKey", reason })
}

fn describe(facts: &Facts, key: &CaKey, trust_domain: &TrustDomain) -> CaRoot {
    CaRoot {
        id: facts.id.clone(),
        name: ROOT_NAME.into(),
        serial_number: facts.serial_number,
        signing_key_id: facts.signing_key_id(),
        external_trust_domain: trust_domain.cluster_id().to_owned(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        root_cert: pem::encode(pem::CERTIFICATE, &facts.der),
        signing_key: key.private_pem().clone(),
        intermediate_certs: vec![],
        active: false,
        private_key_type: key.spec().key_type().to_owned(),
        private_key_bits: key.spec().bits(),
        rotated_out_at: None,
    }
}

fn check_authority(facts: &Facts, now: Timestamp) -> Result<(), String> {
    if !facts.is_ca {
        return Err("is not a CA certificate".into());
    }
    if facts.key_spec.is_none() {
        return Err("has a key of an unsupported kind (ec 256, 384, 521 or rsa 2048, 3072, 4096)".into());
    }
    if now > facts.not_after {
        return Err("has expired".into());
    }
    if now < facts.not_before {
        return Err("is not valid yet".into());
    }
    if !facts.is_self_signed() {
        return Err("is not self-signed with a supported signature".into());
    }
    Ok(())
}

/// Limits inside the certificate that would make every leaf below it unusable.
#[allow(clippy::wildcard_enum_match_arm, reason = "the library has a kind for every extension; these few matter")]
fn check_extensions(der: &[u8]) -> Result<(), String> {
    for extension in cert::parse(der)?.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::KeyUsage(usage) if !usage.key_cert_sign() => {
                return Err("its KeyUsage does not allow signing certificates".into());
            }
            ParsedExtension::ExtendedKeyUsage(usage) if !(usage.any || usage.client_auth && usage.server_auth) => {
                return Err("its ExtendedKeyUsage leaves out client or server authentication".into());
            }
            // TLS peers written in Rust refuse every URI below a name constraint.
            ParsedExtension::NameConstraints(_) => return Err("has name constraints".into()),
            ParsedExtension::ParseError { .. } => return Err("has a malformed extension".into()),
            ParsedExtension::UnsupportedExtension { oid } if extension.critical => {
                return Err(format!("has an unknown critical extension {oid}"));
            }
            _ => {}
        }
    }
    Ok(())
}
