//! `api-gateway`: a gateway whose routes are entries of their own.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::{not_one_of, validate_name, validate_tls_versions};
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `api-gateway` config entry; its name is the gateway's service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiGateway {
    pub name: String,
    pub listeners: Vec<ApiGatewayListener>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// A port under one host name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiGatewayListener {
    pub name: String,
    pub hostname: String,
    pub port: u16,
    pub protocol: String,
    #[serde(rename = "TLS")]
    pub tls: ApiGatewayTls,
    #[serde(rename = "Override", skip_serializing_if = "Option::is_none")]
    pub overrides: Option<ApiGatewayPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<ApiGatewayPolicy>,
}

/// TLS towards the outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiGatewayTls {
    pub certificates: Vec<ResourceReference>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub min_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub max_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<String>,
}

/// Another entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResourceReference {
    pub kind: String,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section_name: String,
}

/// What requests must bring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiGatewayPolicy {
    #[serde(rename = "JWT", skip_serializing_if = "Option::is_none")]
    pub jwt: Option<JwtRequirement>,
}

/// Tokens of which one must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtRequirement {
    pub providers: Vec<RequiredProvider>,
}

/// A provider, and claims that its token must make.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RequiredProvider {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verify_claims: Vec<RequiredClaim>,
}

/// A claim at a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RequiredClaim {
    pub path: Vec<String>,
    pub value: String,
}

const CERTIFICATES: [&str; 2] = ["inline-certificate", "file-system-certificate"];

impl Entry for ApiGateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        for listener in &mut self.listeners {
            listener.protocol.make_ascii_lowercase();
            for certificate in listener.tls.certificates.iter_mut().filter(|found| found.kind.is_empty()) {
                "inline-certificate".clone_into(&mut certificate.kind);
            }
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        if self.listeners.is_empty() {
            faults.say("api gateway must have at least one listener");
        }
        for (position, listener) in self.listeners.iter().enumerate() {
            listener.validate(&format!("Listeners[{position}]"), faults);
            for earlier in &self.listeners[..position] {
                if earlier.name == listener.name {
                    faults.say(format!("multiple listeners with the name, {:?}", listener.name));
                }
                let alike = earlier.protocol == listener.protocol && earlier.hostname == listener.hostname;
                if earlier.port == listener.port && !alike {
                    faults.say(format!("listeners {:?} and {:?} cannot be merged", earlier.name, listener.name));
                }
            }
        }
    }
}

impl ApiGatewayListener {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty() || self.name.len() > 63 || !self.name.bytes().all(fits) {
            faults.say(format!("listener name {:?} must be only lower case letters, digits and '-'", self.name));
        }
        if !matches!(self.protocol.as_str(), "http" | "tcp") {
            faults.say(format!("unsupported listener protocol {:?}, must be one of 'tcp', or 'http'", self.protocol));
        }
        if self.protocol == "tcp" && !self.hostname.is_empty() {
            faults.say("hostname specification is not supported when using TCP");
        }
        if self.port == 0 {
            faults.say("listener port 0 not in the range 1-65535");
        }
        let labels = self.hostname.strip_prefix("*.").unwrap_or(&self.hostname);
        if self.hostname != "*" && labels.contains('*') {
            faults.say(format!(
                "host {:?} is not valid, a wildcard specifier is only allowed as the left-most label",
                self.hostname
            ));
        }
        for (at, certificate) in self.tls.certificates.iter().enumerate() {
            let place = format!("{place}.TLS.Certificates[{at}]");
            if !CERTIFICATES.contains(&certificate.kind.as_str()) {
                faults.add(format!("{place}.Kind"), not_one_of(&certificate.kind, &CERTIFICATES));
            }
            if certificate.name.is_empty() {
                faults.say("certificate reference must have a name");
            }
        }
        let tls = &self.tls;
        validate_tls_versions(&format!("{place}.TLS"), &tls.min_version, &tls.max_version, &tls.cipher_suites, faults);
    }
}
