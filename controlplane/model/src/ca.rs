//! The certificate authority's values: its configuration, its roots and the records of issued leaves.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::ServiceName;
use crate::time::{GoDuration, Timestamp};

/// A private key in PEM. It never shows in debug output.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateKeyPem(pub String);

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(hidden)")
    }
}

/// `GET/PUT /v1/connect/ca/configuration`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CaConfig {
    /// `consul` is the built-in provider.
    pub provider: String,
    /// The provider's own keys, as the user wrote them; validated by the CA crate.
    pub config: Map<String, Value>,
    pub force_without_cross_signing: bool,
}

impl fmt::Debug for CaConfig {
    /// Only the names of the provider's keys: a user's private key may be among the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaConfig")
            .field("provider", &self.provider)
            .field("config", &self.config.keys().collect::<Vec<_>>())
            .field("force_without_cross_signing", &self.force_without_cross_signing)
            .finish()
    }
}

/// The keys of [`CaConfig::config`] that the built-in provider reads, with defaults applied.
#[derive(Clone, Debug, PartialEq)]
pub struct CaSettings {
    pub leaf_cert_ttl: GoDuration,
    pub intermediate_cert_ttl: GoDuration,
    pub root_cert_ttl: GoDuration,
    /// `ec` or `rsa`.
    pub private_key_type: String,
    pub private_key_bits: u32,
    pub csr_max_per_second: f64,
    pub csr_max_concurrent: u64,
    /// Operator-given root; both or none.
    pub private_key: Option<PrivateKeyPem>,
    pub root_cert: Option<String>,
}

impl Default for CaSettings {
    fn default() -> Self {
        Self {
            leaf_cert_ttl: GoDuration::from_secs(72 * 3600),
            intermediate_cert_ttl: GoDuration::from_secs(8760 * 3600),
            root_cert_ttl: GoDuration::from_secs(87600 * 3600),
            private_key_type: "ec".into(),
            private_key_bits: 256,
            csr_max_per_second: 50.0,
            csr_max_concurrent: 0,
            private_key: None,
            root_cert: None,
        }
    }
}

/// A root certificate with its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaRoot {
    /// SHA-1 of the DER certificate as colon-separated hex.
    pub id: String,
    pub name: String,
    pub serial_number: u64,
    /// Subject key id of the signing certificate as colon-separated hex.
    pub signing_key_id: String,
    pub external_trust_domain: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub root_cert: String,
    /// Signs leaves; leaves the servers in no answer.
    pub signing_key: PrivateKeyPem,
    /// Cross-signed copies of this root that leaves carry for verifiers of the previous root.
    pub intermediate_certs: Vec<String>,
    pub active: bool,
    pub private_key_type: String,
    pub private_key_bits: u32,
    /// When it stopped signing.
    pub rotated_out_at: Option<Timestamp>,
}

/// The CA as one value: replaced as a whole by the commands that plan a change of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaState {
    /// `<cluster uuid>.consul`; chosen once.
    pub trust_domain: String,
    pub config: CaConfig,
    /// At most one is active.
    pub roots: Vec<CaRoot>,
}

impl CaState {
    /// The root that signs.
    #[must_use]
    pub fn active_root(&self) -> Option<&CaRoot> {
        self.roots.iter().find(|root| root.active)
    }
}

/// A leaf as issued to a proxy or application; the key is made by the agent that asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    pub serial_number: u64,
    /// The leaf and the intermediates that verifiers need.
    pub cert_pem: String,
    pub private_key_pem: PrivateKeyPem,
    pub service: ServiceName,
    /// The SPIFFE id.
    pub service_uri: String,
    pub valid_after: Timestamp,
    pub valid_before: Timestamp,
    /// The root that signed it.
    pub root_id: String,
}
