//! Reading certificates: the facts that the CA and its users need of one.

use rustls_pki_types::pem::SectionKind;
use weft_model::Timestamp;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::X509Certificate;

use crate::id::{colon_hex, key_id, root_id};
use crate::key::KeySpec;
use crate::pem;
use crate::signature;
use crate::spiffe::SpiffeId;

/// What a certificate says, copied out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// SHA-1 as colon hex.
    pub id: String,
    /// The serial's low 64 bits, as Consul shows it.
    pub serial_number: u64,
    /// Start of life.
    pub not_before: Timestamp,
    /// End of life.
    pub not_after: Timestamp,
    /// Whether it may sign certificates.
    pub is_ca: bool,
    /// How many further authorities may stand below it.
    pub path_len: Option<u32>,
    /// The subject key id, or the one that this CA would give when there is none.
    pub key_id: Vec<u8>,
    /// The key's kind, when it is one of the list.
    pub key_spec: Option<KeySpec>,
    /// The public key as SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// The subject's name in DER.
    pub subject: Vec<u8>,
    /// The issuer's name in DER.
    pub issuer: Vec<u8>,
    /// All URI names.
    pub uris: Vec<String>,
}

impl Facts {
    /// Reads one certificate in PEM.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        Self::from_der(&pem::decode_one(text, SectionKind::Certificate)?)
    }

    /// Reads one certificate in DER, without trailing bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let certificate = parse(der)?;
        let constraints = certificate.basic_constraints().map_err(|_| "repeated basic constraints")?;
        let public_key = certificate.public_key().raw.to_vec();
        Ok(Self {
            der: der.to_vec(),
            id: root_id(der),
            serial_number: low_bits(certificate.raw_serial()),
            not_before: seconds(certificate.validity().not_before.timestamp()),
            not_after: seconds(certificate.validity().not_after.timestamp()),
            is_ca: constraints.as_ref().is_some_and(|found| found.value.ca),
            path_len: constraints.and_then(|found| found.value.path_len_constraint),
            key_id: subject_key_id(&certificate).unwrap_or_else(|| key_id(&public_key)),
            key_spec: KeySpec::of_public_key(&public_key),
            public_key,
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            uris: uris(&certificate)?,
        })
    }

    /// The subject key id as colon hex.
    #[must_use]
    pub fn signing_key_id(&self) -> String {
        colon_hex(&self.key_id)
    }

    /// Whether the certificate is within its life.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it signs itself: same name, and a signature by its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer && signature::is_signed_by(&self.der, &self.public_key)
    }

    /// Whether `issuer`'s name and key stand behind this certificate.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject && signature::is_signed_by(&self.der, &issuer.public_key)
    }

    /// The peer's identity: exactly one URI name, in canonical form, on a certificate that is no
    /// authority. The chain is the caller's to check.
    ///
    /// # Errors
    /// Why the certificate names nobody.
    pub fn identity(&self) -> Result<SpiffeId, String> {
        if self.is_ca {
            return Err("an authority's certificate is no identity".into());
        }
        match self.uris.as_slice() {
            [uri] => uri.parse().map_err(|error| format!("{error}")),
            uris => Err(format!("{} URI names where exactly one is required", uris.len())),
        }
    }
}

pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err("trailing bytes after the certificate".into()),
        Err(_) => Err("not an X.509 certificate".into()),
    }
}

fn seconds(since_epoch: i64) -> Timestamp {
    Timestamp(since_epoch.saturating_mul(1_000_000_000))
}

fn low_bits(serial: &[u8]) -> u64 {
    serial.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn subject_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| {
        if let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() {
            return Some(id.0.to_vec());
        }
        None
    })
}

fn uris(certificate: &X509Certificate<'_>) -> Result<Vec<String>, String> {
    let names = certificate.subject_alternative_name().map_err(|_| "repeated or malformed subject names")?;
    let uri = |name: &GeneralName<'_>| if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None };
    Ok(names.map(|names| names.value.general_names.iter().filter_map(uri).collect()).unwrap_or_default())
}
