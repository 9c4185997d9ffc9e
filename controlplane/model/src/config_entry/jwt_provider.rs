//! `jwt-provider`: whose tokens requests may bring, and how they are verified.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::{is_default, not_one_of, validate_name};
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::time::GoDuration;

/// The `jwt-provider` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtProvider {
    pub name: String,
    #[serde(rename = "JSONWebKeySet", skip_serializing_if = "Option::is_none")]
    pub key_set: Option<KeySet>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<JwtLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<JwtForwarding>,
    /// How far clocks may differ.
    pub clock_skew_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_config: Option<JwtCache>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// The keys: here or elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct KeySet {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalKeySet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteKeySet>,
}

/// The keys themselves, or a file on the proxy's host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LocalKeySet {
    /// In base64.
    #[serde(rename = "JWKS", skip_serializing_if = "String::is_empty")]
    pub jwks: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filename: String,
}

/// Where the keys are fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RemoteKeySet {
    #[serde(rename = "URI")]
    pub uri: String,
    #[serde(skip_serializing_if = "is_default")]
    pub request_timeout_ms: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub cache_duration: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub fetch_asynchronously: bool,
    #[serde(rename = "UseSNI", skip_serializing_if = "is_default")]
    pub use_sni: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<JwksRetryPolicy>,
    #[serde(rename = "JWKSCluster", skip_serializing_if = "Option::is_none")]
    pub jwks_cluster: Option<JwksCluster>,
}

/// How often fetching is tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksRetryPolicy {
    #[serde(skip_serializing_if = "is_default")]
    pub num_retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy_back_off: Option<JwksBackOff>,
}

/// How long is waited between tries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksBackOff {
    #[serde(skip_serializing_if = "is_default")]
    pub base_interval: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub max_interval: GoDuration,
}

/// How the fetching proxy connects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksCluster {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub discovery_type: String,
    #[serde(rename = "TLSCertificates", skip_serializing_if = "Option::is_none")]
    pub tls_certificates: Option<JwksTls>,
    #[serde(skip_serializing_if = "is_default")]
    pub connect_timeout: GoDuration,
}

/// Whom the fetching proxy trusts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksTls {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_provider_instance: Option<JwksTlsInstance>,
    #[serde(rename = "TrustedCA", skip_serializing_if = "Option::is_none")]
    pub trusted_ca: Option<JwksTrustedCa>,
}

/// A certificate that the proxy has under a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksTlsInstance {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certificate_name: String,
}

/// Roots, in one of four ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwksTrustedCa {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filename: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment_variable: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub inline_string: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub inline_bytes: String,
}

/// Where in a request the token is: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<JwtHeader>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_param: Option<JwtNamed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<JwtNamed>,
}

/// A header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtHeader {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value_prefix: String,
    #[serde(skip_serializing_if = "is_default")]
    pub forward: bool,
}

/// A query parameter or a cookie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtNamed {
    pub name: String,
}

/// How the verified token is handed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtForwarding {
    pub header_name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub pad_forward_payload_header: bool,
}

/// How many verified tokens are remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JwtCache {
    pub size: u32,
}

const CLOCK_SKEW_DEFAULT: u64 = 30;
const DISCOVERY: [&str; 6] = ["", "STRICT_DNS", "STATIC", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"];

impl Entry for JwtProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        if self.clock_skew_seconds == 0 {
            self.clock_skew_seconds = CLOCK_SKEW_DEFAULT;
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        match &self.key_set {
            None => faults.say("JSONWebKeySet is required"),
            Some(KeySet { local: Some(local), remote: None }) => local.validate(faults),
            Some(KeySet { local: None, remote: Some(remote) }) => remote.validate(faults),
            Some(_) => faults.say("must specify exactly one of Local or Remote JSON Web key set"),
        }
        for (position, location) in self.locations.iter().enumerate() {
            location.validate(&format!("Locations[{position}]"), faults);
        }
        if self.forwarding.as_ref().is_some_and(|forwarding| forwarding.header_name.is_empty()) {
            faults.say("Header name required for forwarding config");
        }
    }
}

impl LocalKeySet {
    fn validate(&self, faults: &mut Faults) {
        if self.jwks.is_empty() == self.filename.is_empty() {
            faults.say("must specify exactly one of String or filename for local keyset");
        }
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if !self.jwks.bytes().all(is_base64) || !self.jwks.len().is_multiple_of(4) {
            faults.say("JWKS must be a valid base64-encoded string");
        }
    }
}

impl RemoteKeySet {
    fn validate(&self, faults: &mut Faults) {
        if self.uri.is_empty() {
            faults.say("Remote JWKS URI is required");
        } else if !(self.uri.starts_with("https://") || self.uri.starts_with("http://")) {
            faults.say(format!("Remote JWKS URI is invalid: {:?}", self.uri));
        }
        let Some(cluster) = &self.jwks_cluster else { return };
        if !DISCOVERY.contains(&cluster.discovery_type.as_str()) {
            faults
                .add("JSONWebKeySet.Remote.JWKSCluster.DiscoveryType", not_one_of(&cluster.discovery_type, &DISCOVERY));
        }
        let Some(tls) = &cluster.tls_certificates else { return };
        if tls.ca_certificate_provider_instance.is_some() == tls.trusted_ca.is_some() {
            faults.say(
                "must specify exactly one of: CaCertificateProviderInstance or TrustedCA for JKWS' TLSCertificates",
            );
        }
        if let Some(trusted) = &tls.trusted_ca {
            let ways =
                [&trusted.filename, &trusted.environment_variable, &trusted.inline_string, &trusted.inline_bytes];
            if ways.iter().filter(|way| !way.is_empty()).count() != 1 {
                faults.say("must specify exactly one of: Filename, EnvironmentVariable, InlineString or InlineBytes for JWKS' TrustedCA");
            }
        }
    }
}

impl JwtLocation {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let given = [self.header.is_some(), self.query_param.is_some(), self.cookie.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            faults.add(place, "must set exactly one of: JWT location header, query param or cookie");
        }
        let names = self.header.iter().map(|header| &header.name);
        let others = self.query_param.iter().chain(&self.cookie).map(|named| &named.name);
        if names.chain(others).any(String::is_empty) {
            faults.add(place, "Name is required");
        }
    }
}
