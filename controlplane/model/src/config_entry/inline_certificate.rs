//! `inline-certificate`: a certificate with its key, for listeners of api-gateways.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::validate_name;
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::secret::Secret;

/// The `inline-certificate` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InlineCertificate {
    pub name: String,
    /// The chain, leaf first.
    pub certificate: String,
    pub private_key: Secret,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

impl Entry for InlineCertificate {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        if !has_block(&self.certificate, |label| label == "CERTIFICATE") {
            faults.say("failed to parse certificate PEM");
        }
        if !has_block(self.private_key.reveal(), |label| label.ends_with("PRIVATE KEY")) {
            faults.say("failed to parse private key PEM");
        }
    }
}

/// Whether there is a PEM block whose label fits, from its beginning to its end.
fn has_block(text: &str, fits: impl Fn(&str) -> bool) -> bool {
    let begins = text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let ends: Vec<_> =
        text.lines().filter_map(|line| line.trim().strip_prefix("-----END ")?.strip_suffix("-----")).collect();
    begins.into_iter().any(|label| fits(label) && ends.contains(&label))
}
