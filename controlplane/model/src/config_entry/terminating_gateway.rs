//! `terminating-gateway`: services outside the mesh that a gateway stands for inside.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::{is_default, validate_name};
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `terminating-gateway` config entry; its name is the gateway's service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TerminatingGateway {
    pub name: String,
    pub services: Vec<LinkedService>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// A service behind the gateway, or `*`. A name of its own goes before the wildcard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LinkedService {
    pub name: String,
    #[serde(rename = "CAFile", skip_serializing_if = "String::is_empty")]
    pub ca_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_file: String,
    #[serde(rename = "SNI", skip_serializing_if = "String::is_empty")]
    pub sni: String,
    #[serde(skip_serializing_if = "is_default")]
    pub disable_auto_host_rewrite: bool,
}

impl Entry for TerminatingGateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        for (position, service) in self.services.iter().enumerate() {
            if service.name.is_empty() {
                faults.say("Service name cannot be blank.");
            }
            if self.services[..position].iter().any(|earlier| earlier.name == service.name) {
                faults.say(format!("Service {:?} was specified more than once within a namespace", service.name));
            }
            // The root alone is one-way TLS.
            let pair = [&service.cert_file, &service.key_file];
            let whole = !service.ca_file.is_empty() && pair.iter().all(|file| !file.is_empty());
            if pair.iter().any(|file| !file.is_empty()) && !whole {
                faults.say(format!(
                    "Service {:?} must have a CertFile, CAFile, and KeyFile specified for TLS origination",
                    service.name
                ));
            }
        }
    }
}
