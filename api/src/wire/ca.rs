//! Roots, the CA's configuration, and leaves. Of private keys only a leaf's own is ever shown.

use serde::Serialize;
use serde_json::{Map, Value};
use weft_model::Timestamp;
use weft_model::ca::{CaRoot, CaState};
use weft_model::catalog::Indexed;

use super::time;
use crate::host::IssuedLeaf;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Roots<'a> {
    #[serde(rename = "ActiveRootID")]
    active_root_id: &'a str,
    trust_domain: &'a str,
    roots: Vec<Root<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Root<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    name: &'a str,
    serial_number: u64,
    #[serde(rename = "SigningKeyID")]
    signing_key_id: &'a str,
    external_trust_domain: &'a str,
    #[serde(serialize_with = "time")]
    not_before: Timestamp,
    #[serde(serialize_with = "time")]
    not_after: Timestamp,
    root_cert: &'a str,
    intermediate_certs: Option<&'a [String]>,
    active: bool,
    private_key_type: &'a str,
    private_key_bits: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_out_at: Option<String>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> Root<'a> {
    fn new(root: &'a CaRoot, create_index: u64, modify_index: u64) -> Self {
        Self {
            id: &root.id,
            name: &root.name,
            serial_number: root.serial_number,
            signing_key_id: &root.signing_key_id,
            external_trust_domain: &root.external_trust_domain,
            not_before: root.not_before,
            not_after: root.not_after,
            root_cert: &root.root_cert,
            intermediate_certs: Some(root.intermediate_certs.as_slice()).filter(|certs| !certs.is_empty()),
            active: root.active,
            private_key_type: &root.private_key_type,
            private_key_bits: root.private_key_bits,
            rotated_out_at: root.rotated_out_at.map(super::rfc3339),
            create_index,
            modify_index,
        }
    }
}

/// The whole list, from the CA as it is stored.
pub(crate) struct RootList(pub(crate) Indexed<CaState>);

impl Serialize for RootList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Indexed { value, create_index, modify_index } = &self.0;
        let list = Roots {
            active_root_id: value.active_root().map_or("", |root| &root.id),
            trust_domain: &value.trust_domain,
            roots: value.roots.iter().map(|root| Root::new(root, *create_index, *modify_index)).collect(),
        };
        list.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Configuration {
    provider: String,
    config: Map<String, Value>,
    state: (),
    force_without_cross_signing: bool,
    create_index: u64,
    modify_index: u64,
}

impl From<Indexed<CaState>> for Configuration {
    fn from(ca: Indexed<CaState>) -> Self {
        let config = &ca.value.config;
        Self {
            provider: config.provider.clone(),
            config: config.config.iter().map(|(key, value)| (key.clone(), shown(key, value))).collect(),
            state: (),
            force_without_cross_signing: config.force_without_cross_signing,
            create_index: ca.create_index,
            modify_index: ca.modify_index,
        }
    }
}

/// A secret is replaced by a word; a configuration that is sent back with it keeps the secret.
fn shown(key: &str, value: &Value) -> Value {
    if is_secret(key) && value.as_str() != Some("") { weft_ca::config::HIDDEN.into() } else { value.clone() }
}

/// Keys that hold a secret, in any spelling.
fn is_secret(key: &str) -> bool {
    let folded: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    ["privatekey", "token", "secretkey", "password", "signingkey"].iter().any(|secret| folded == *secret)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LeafRow {
    serial_number: String,
    #[serde(rename = "CertPEM")]
    cert_pem: String,
    #[serde(rename = "PrivateKeyPEM")]
    private_key_pem: String,
    service: String,
    #[serde(rename = "ServiceURI")]
    service_uri: String,
    #[serde(serialize_with = "time")]
    valid_after: Timestamp,
    #[serde(serialize_with = "time")]
    valid_before: Timestamp,
    create_index: u64,
    modify_index: u64,
}

impl From<IssuedLeaf> for LeafRow {
    fn from(issued: IssuedLeaf) -> Self {
        let leaf = &issued.leaf;
        Self {
            serial_number: colon_hex(leaf.serial_number),
            cert_pem: leaf.cert_pem.clone(),
            private_key_pem: leaf.private_key_pem.0.clone(),
            service: leaf.service.as_str().to_owned(),
            service_uri: leaf.service_uri.clone(),
            valid_after: leaf.valid_after,
            valid_before: leaf.valid_before,
            create_index: issued.create_index,
            modify_index: issued.index,
        }
    }
}

/// The bytes of a serial number: `01:2f`.
fn colon_hex(serial: u64) -> String {
    let bytes = serial.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    bytes[start..].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_hex_bytes() {
        assert_eq!([0, 8, 256, 0x012f].map(colon_hex), ["00", "08", "01:00", "01:2f"]);
    }

    #[test]
    fn secrets_are_known_in_any_spelling() {
        assert!(["PrivateKey", "private_key", "PRIVATEKEY", "Token"].into_iter().all(is_secret));
        assert!(!["PrivateKeyType", "PrivateKeyBits", "LeafCertTTL"].into_iter().any(is_secret));
    }
}
