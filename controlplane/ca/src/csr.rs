//! Signing requests: making one, and deciding whether one may be signed.
//!
//! A request proves possession of a key and asks for an identity that the caller has already been
//! granted by other means. It decides nothing: the certificate is built from the grant, and a
//! request that asks for anything else is refused rather than trimmed.

pub(crate) mod fault;

use std::net::IpAddr;

use rcgen::{CertificateParams, DistinguishedName, DnType, SanType};
use rustls_pki_types::pem::SectionKind;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

use crate::error::CaError;
use crate::issue::ia5;
use crate::key::{CaKey, KeySpec};
use crate::pem;
use crate::signature;
use crate::spiffe::SpiffeId;

pub use fault::CsrFault;
use fault::MAX_LENGTH;

/// What a certificate may be issued for: decided by the caller's rights, never by the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The one URI name.
    pub identity: SpiffeId,
    /// Names under which a gateway is reached; mostly empty.
    pub dns_names: Vec<String>,
    /// Addresses under which a gateway is reached; mostly empty.
    pub ip_addresses: Vec<IpAddr>,
}

impl Grant {
    /// An identity without local names.
    #[must_use]
    pub fn of(identity: SpiffeId) -> Self {
        Self { identity, dns_names: vec![], ip_addresses: vec![] }
    }
}

/// A request that passed [`check`]: a public key whose owner has proven to hold the private one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedCsr {
    pub(crate) public_key: Vec<u8>,
    pub(crate) grant: Grant,
}

impl CheckedCsr {
    /// What the certificate will say.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// A request for `grant` by the holder of `key`, in PEM.
///
/// # Errors
/// When a name is no ASCII.
pub fn create(key: &CaKey, grant: &Grant) -> Result<String, CaError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.subject_alt_names.push(SanType::URI(ia5(&grant.identity.to_string())?));
    for name in &grant.dns_names {
        params.subject_alt_names.push(SanType::DnsName(ia5(name)?));
    }
    params.subject_alt_names.extend(grant.ip_addresses.iter().copied().map(SanType::IpAddress));
    let request = params.serialize_request(key.pair())?;
    Ok(pem::encode(pem::REQUEST, request.der()))
}

/// Decides whether a request may be signed for `grant`.
///
/// # Errors
/// The first thing in the request that goes beyond the grant.
pub fn check(csr_pem: &str, grant: Grant) -> Result<CheckedCsr, CsrFault> {
    if csr_pem.len() > MAX_LENGTH {
        return Err(CsrFault::TooLarge);
    }
    let der = pem::decode_one(csr_pem, SectionKind::Csr).map_err(CsrFault::Malformed)?;
    let request = match X509CertificationRequest::from_der(&der) {
        Ok(([], request)) => request,
        _ => return Err(CsrFault::Malformed("the encoding is wrong".into())),
    };
    let public_key = request.certification_request_info.subject_pki.raw;
    KeySpec::of_public_key(public_key).ok_or(CsrFault::KeyKind)?;
    if !signature::is_signed_by(&der, public_key) {
        return Err(CsrFault::Signature);
    }
    check_extensions(&requested(&request)?, &grant)?;
    Ok(CheckedCsr { public_key: public_key.to_vec(), grant })
}

/// The extensions asked for: at most one list, nothing twice.
fn requested<'a>(request: &'a X509CertificationRequest<'_>) -> Result<Vec<&'a X509Extension<'a>>, CsrFault> {
    let lists: Vec<_> = request
        .certification_request_info
        .iter_attributes()
        .filter_map(|attribute| {
            if let ParsedCriAttribute::ExtensionRequest(list) = attribute.parsed_attribute() {
                return Some(&list.extensions);
            }
            None
        })
        .collect();
    let extensions: Vec<_> = match lists.as_slice() {
        [] => vec![],
        [one] => one.iter().collect(),
        _ => return Err(CsrFault::Repeated),
    };
    let repeated = |position: usize| extensions[..position].iter().any(|seen| seen.oid == extensions[position].oid);
    if (0..extensions.len()).any(repeated) {
        return Err(CsrFault::Repeated);
    }
    Ok(extensions)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is or will be is refused")]
fn check_extensions(extensions: &[&X509Extension<'_>], grant: &Grant) -> Result<(), CsrFault> {
    let mut names: &[GeneralName<'_>] = &[];
    for extension in extensions {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(found) => names = &found.general_names,
            ParsedExtension::BasicConstraints(found) if found.ca => return Err(CsrFault::Authority),
            ParsedExtension::KeyUsage(found) if found.key_cert_sign() || found.crl_sign() => {
                return Err(CsrFault::Authority);
            }
            ParsedExtension::ExtendedKeyUsage(found) if goes_beyond_tls(found) => {
                return Err(CsrFault::ExtendedKeyUsage);
            }
            ParsedExtension::BasicConstraints(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_) => {}
            _ => return Err(CsrFault::Extension(extension.oid.to_id_string())),
        }
    }
    check_names(names, grant)
}

fn goes_beyond_tls(usage: &ExtendedKeyUsage<'_>) -> bool {
    usage.any
        || usage.code_signing
        || usage.email_protection
        || usage.time_stamping
        || usage.ocsp_signing
        || !usage.other.is_empty()
}

#[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is or will be is refused")]
fn check_names(names: &[GeneralName<'_>], grant: &Grant) -> Result<(), CsrFault> {
    let mut uris = Vec::new();
    for name in names {
        match name {
            GeneralName::URI(uri) => uris.push(*uri),
            GeneralName::DNSName(name) => {
                if !grant.dns_names.iter().any(|granted| granted == name) {
                    return Err(CsrFault::ForeignName((*name).to_owned()));
                }
            }
            GeneralName::IPAddress(bytes) => {
                let address = ip_address(bytes).ok_or(CsrFault::NameKind)?;
                if !grant.ip_addresses.contains(&address) {
                    return Err(CsrFault::ForeignName(address.to_string()));
                }
            }
            _ => return Err(CsrFault::NameKind),
        }
    }
    let granted = grant.identity.to_string();
    match uris.as_slice() {
        [uri] if *uri == granted => Ok(()),
        [uri] => Err(CsrFault::ForeignUri { found: (*uri).to_owned(), granted }),
        _ => Err(CsrFault::UriCount(uris.len())),
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
