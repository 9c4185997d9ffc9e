//! `file-system-certificate`: where a gateway's host has a certificate and its key.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::validate_name;
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `file-system-certificate` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FileSystemCertificate {
    pub name: String,
    /// Path of the chain.
    pub certificate: String,
    /// Path of the key.
    pub private_key: String,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

impl Entry for FileSystemCertificate {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        for (field, path) in [("Certificate", &self.certificate), ("PrivateKey", &self.private_key)] {
            if path.is_empty() {
                faults.add(field, "is required");
            }
        }
    }
}
