//! Assembling and signing a certificate: the one place where a signature of the CA is made.
//!
//! rcgen writes the certificate with names of its own; the real names are put in afterwards, byte
//! for byte, because a verifier compares names as bytes and an operator's root may have a name
//! that no library would write the same way again.

use std::net::IpAddr;
use std::time::Duration;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData, SanType, SignatureAlgorithm, SigningKey, SubjectPublicKeyInfo, date_time_ymd,
};
use weft_model::Timestamp;

use crate::der::{self, BIT_STRING, Envelope, OID, SEQUENCE, SET, UTF8_STRING};
use crate::error::CaError;
use crate::key::CaKey;

/// How far a certificate's life starts before it is made, for clocks that are behind.
pub(crate) const BACK_DATE: Duration = Duration::from_secs(60);

/// What a certificate is for.
pub(crate) enum Usage {
    /// Signing certificates and revocation lists.
    Authority { path_len: Option<u8> },
    /// Both ends of a TLS connection.
    Leaf,
}

/// All that goes into a certificate besides its issuer.
pub(crate) struct Template<'a> {
    pub(crate) serial_number: u64,
    /// A distinguished name in DER.
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) usage: Usage,
    pub(crate) uri: String,
    pub(crate) dns_names: &'a [String],
    pub(crate) ip_addresses: &'a [IpAddr],
    /// SubjectPublicKeyInfo in DER.
    pub(crate) public_key: Vec<u8>,
    pub(crate) key_id: Vec<u8>,
}

/// Who signs.
pub(crate) struct Authority<'a> {
    /// A distinguished name in DER.
    pub(crate) name: Vec<u8>,
    pub(crate) key_id: Vec<u8>,
    pub(crate) key: &'a CaKey,
}

/// A distinguished name of one common name.
pub(crate) fn common_name(text: &str) -> Vec<u8> {
    const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
    let attribute = der::sequence(&[&der::element(OID, &COMMON_NAME), &der::element(UTF8_STRING, text.as_bytes())]);
    der::sequence(&[&der::element(SET, &attribute)])
}

/// Signs the certificate that `template` describes; the answer is DER.
pub(crate) fn issue(template: &Template<'_>, authority: &Authority<'_>) -> Result<Vec<u8>, CaError> {
    let public_key = SubjectPublicKeyInfo::from_der(&template.public_key)?;
    let mut issuer_params = CertificateParams::default();
    issuer_params.key_identifier_method = KeyIdMethod::PreSpecified(authority.key_id.clone());
    let issuer = Issuer::from_params(&issuer_params, Unsigned(authority.key.pair()));
    let draft = params(template)?.signed_by(&public_key, &issuer)?;
    finish(draft.der(), &authority.name, &template.subject, authority.key.pair())
}

fn params(template: &Template<'_>) -> Result<CertificateParams, CaError> {
    // Certificates know whole seconds.
    let date = |time: Timestamp| date_time_ymd(1970, 1, 1) + Duration::from_secs(time.seconds().max(0).unsigned_abs());
    let mut params = CertificateParams::default();
    params.serial_number = Some(template.serial_number.into());
    params.not_before = date(template.not_before);
    params.not_after = date(template.not_after);
    params.subject_alt_names = names(template)?;
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = KeyIdMethod::PreSpecified(template.key_id.clone());
    match template.usage {
        Usage::Authority { path_len } => {
            params.is_ca = IsCa::Ca(path_len.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
            params.key_usages =
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        Usage::Leaf => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyEncipherment,
                KeyUsagePurpose::DataEncipherment,
                KeyUsagePurpose::KeyAgreement,
            ];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        }
    }
    Ok(params)
}

/// The subject alternative names of a template.
fn names(template: &Template<'_>) -> Result<Vec<SanType>, CaError> {
    let mut names = vec![SanType::URI(ia5(&template.uri)?)];
    for name in template.dns_names {
        names.push(SanType::DnsName(ia5(name)?));
    }
    names.extend(template.ip_addresses.iter().copied().map(SanType::IpAddress));
    Ok(names)
}

pub(crate) fn ia5(text: &str) -> Result<Ia5String, CaError> {
    Ia5String::try_from(text).map_err(CaError::from)
}

/// Puts the names where rcgen's stood (issuer is the fourth field, subject the sixth) and signs.
fn finish(draft: &[u8], issuer: &[u8], subject: &[u8], key: &KeyPair) -> Result<Vec<u8>, CaError> {
    let malformed = || CaError::internal("a certificate draft is malformed");
    let envelope = Envelope::read(draft).ok_or_else(malformed)?;
    let fields = der::read_all(envelope.body.content).ok_or_else(malformed)?;
    let parts: Vec<&[u8]> = fields
        .iter()
        .enumerate()
        .map(|(position, field)| match position {
            3 => issuer,
            5 => subject,
            _ => field.raw,
        })
        .collect();
    let body = der::element(SEQUENCE, &parts.concat());
    let signature = [vec![0], key.sign(&body)?].concat();
    Ok(der::sequence(&[&body, envelope.algorithm.raw, &der::element(BIT_STRING, &signature)]))
}

/// Stands in for the key while the draft is written: its signature would be thrown away.
struct Unsigned<'a>(&'a KeyPair);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}
