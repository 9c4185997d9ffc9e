//! Signing leaves.

use std::time::Duration;

use weft_model::ca::{CaRoot, Leaf, PrivateKeyPem};
use weft_model::{ServiceName, Timestamp};

use crate::cert::Facts;
use crate::csr::CheckedCsr;
use crate::error::CaError;
use crate::id::key_id;
use crate::issue::{self, Authority, BACK_DATE, Template, Usage};
use crate::key::CaKey;
use crate::pem;
use crate::spiffe::{Identity, SpiffeId};

/// The longest common name that X.509 allows.
const COMMON_NAME_MAX: usize = 64;

/// When a leaf is signed, for how long, and under which number.
#[derive(Clone, Copy, Debug)]
pub struct LeafTerms {
    /// Unique under the root; the state gives it out.
    pub serial_number: u64,
    /// The signer's time.
    pub now: Timestamp,
    /// `LeafCertTTL`.
    pub ttl: Duration,
}

/// A leaf fresh from the signer; the key stays with whoever made the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLeaf {
    /// As asked.
    pub serial_number: u64,
    /// The leaf and the intermediates that verifiers need, in PEM.
    pub cert_pem: String,
    /// The SPIFFE id.
    pub uri: String,
    /// Start of life.
    pub valid_after: Timestamp,
    /// End of life.
    pub valid_before: Timestamp,
    /// The root that signed it.
    pub root_id: String,
}

impl SignedLeaf {
    /// The leaf with its key, as a service keeps it.
    #[must_use]
    pub fn with_key(self, service: ServiceName, private_key_pem: PrivateKeyPem) -> Leaf {
        Leaf {
            serial_number: self.serial_number,
            cert_pem: self.cert_pem,
            private_key_pem,
            service,
            service_uri: self.uri,
            valid_after: self.valid_after,
            valid_before: self.valid_before,
            root_id: self.root_id,
        }
    }
}

/// A root made ready to sign many leaves.
#[derive(Debug)]
pub struct Signer {
    key: CaKey,
    facts: Facts,
    intermediates: Vec<(String, Facts)>,
}

impl Signer {
    /// A signer with the root's key.
    ///
    /// # Errors
    /// When the root has no usable key: it has been rotated out, or was stored wrongly.
    pub fn new(root: &CaRoot) -> Result<Self, CaError> {
        let read = |text: &String| Facts::from_pem(text).map(|facts| (text.clone(), facts)).map_err(CaError::Internal);
        let intermediates = root.intermediate_certs.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            key: CaKey::from_pem(&root.signing_key).map_err(CaError::Internal)?,
            facts: Facts::from_pem(&root.root_cert).map_err(CaError::Internal)?,
            intermediates,
        })
    }

    /// The id of the root that signs.
    #[must_use]
    pub fn root_id(&self) -> &str {
        &self.facts.id
    }

    /// Signs what was granted to the request's author. A leaf never outlives its root.
    ///
    /// # Errors
    /// When the root is not valid now, the number is zero, or a granted name cannot be written.
    pub fn sign(&self, csr: &CheckedCsr, terms: LeafTerms) -> Result<SignedLeaf, CaError> {
        if !self.facts.is_valid_at(terms.now) {
            return Err(CaError::RootNotValid { id: self.facts.id.clone() });
        }
        if terms.serial_number == 0 {
            return Err(CaError::internal("a serial number cannot be zero"));
        }
        let grant = csr.grant();
        if let Some(odd) = grant.dns_names.iter().find(|name| !is_dns_name(name)) {
            return Err(CaError::internal(format!("{odd:?} is not a DNS name")));
        }
        let template = Template {
            serial_number: terms.serial_number,
            subject: issue::common_name(&common_name(&grant.identity)),
            not_before: terms.now.minus(BACK_DATE),
            not_after: terms.now.plus(terms.ttl).min(self.facts.not_after),
            usage: Usage::Leaf,
            uri: grant.identity.to_string(),
            dns_names: &grant.dns_names,
            ip_addresses: &grant.ip_addresses,
            public_key: csr.public_key.clone(),
            key_id: key_id(&csr.public_key),
        };
        let der = issue::issue(&template, &self.authority())?;
        self.package(&der, template.uri, terms.now)
    }

    fn authority(&self) -> Authority<'_> {
        Authority { name: self.facts.subject.clone(), key_id: self.facts.key_id.clone(), key: &self.key }
    }

    /// The chain: the leaf, then the intermediates that still live.
    fn package(&self, der: &[u8], uri: String, now: Timestamp) -> Result<SignedLeaf, CaError> {
        let leaf = Facts::from_der(der).map_err(CaError::Internal)?;
        let mut cert_pem = pem::encode(pem::CERTIFICATE, der);
        for (text, _) in self.intermediates.iter().filter(|(_, facts)| facts.is_valid_at(now)) {
            cert_pem.push_str(text);
        }
        Ok(SignedLeaf {
            serial_number: leaf.serial_number,
            cert_pem,
            uri,
            valid_after: leaf.not_before,
            valid_before: leaf.not_after,
            root_id: self.facts.id.clone(),
        })
    }
}

/// `<service>.svc.default.<8 of the cluster id>.consul`: for people only, no verifier reads it.
fn common_name(id: &SpiffeId) -> String {
    let short = id.trust_domain().short();
    let (label, rest) = match id.identity() {
        Identity::Signing => (String::new(), format!("ca.{short}.consul")),
        Identity::Service { service, .. } => (dns_label(service.as_str()), format!(".svc.default.{short}.consul")),
        Identity::Agent { node, .. } => (dns_label(node.as_str()), format!(".agnt.{short}.consul")),
        Identity::Server { datacenter } => (dns_label(datacenter.as_str()), format!(".srv.{short}.consul")),
        Identity::MeshGateway { datacenter } => (dns_label(datacenter.as_str()), format!(".mgw.{short}.consul")),
    };
    let room = COMMON_NAME_MAX.saturating_sub(rest.len());
    format!("{}{rest}", &label[..label.len().min(room)])
}

/// The lower-case letters and digits of a name, all ASCII.
fn dns_label(name: &str) -> String {
    name.chars().map(|c| c.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric).collect()
}

fn is_dns_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Recorded from Consul 1.8.7.
    #[test]
    fn common_names_keep_letters_and_digits() {
        let domain = crate::TrustDomain::of_cluster("30976b10-1e07-f80a-d0c2-d985611970e8").unwrap();
        for (service, expected) in [
            ("web", "web.svc.default.30976b10.consul"),
            ("Web", "web.svc.default.30976b10.consul"),
            ("a b", "ab.svc.default.30976b10.consul"),
            ("é", ".svc.default.30976b10.consul"),
        ] {
            let id = SpiffeId::service(domain.clone(), "dc1".into(), service.into()).unwrap();
            assert_eq!(common_name(&id), expected);
        }
        let long = SpiffeId::service(domain, "dc1".into(), "x".repeat(200).into()).unwrap();
        assert_eq!(common_name(&long).len(), COMMON_NAME_MAX);
    }

    #[test]
    fn names_with_odd_bytes_are_no_dns_names() {
        assert!(is_dns_name("*.ingress.consul") && is_dns_name("a-b_c.example.com"));
        for odd in ["", "*", "a..b", "a\0.b", "a.*.b", "é", "a b", "."] {
            assert!(!is_dns_name(odd), "{odd:?}");
        }
    }
}
