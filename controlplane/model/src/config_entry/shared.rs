//! What several kinds have in common.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Expose, MeshGateway};
use crate::faults::Faults;
use crate::regexp;

/// Whether a field is left out of the document.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn validate_mutual_tls_mode(mode: &str, faults: &mut Faults) {
    if !matches!(mode, "" | "strict" | "permissive") {
        faults.add("MutualTLSMode", format!("must be \"strict\" or \"permissive\", not {mode:?}"));
    }
}

pub(super) fn validate_mesh_gateway(gateway: &MeshGateway, faults: &mut Faults) {
    if !matches!(gateway.mode.as_str(), "" | "none" | "local" | "remote") {
        faults.add("MeshGateway.Mode", format!("must be \"none\", \"local\" or \"remote\", not {:?}", gateway.mode));
    }
}

pub(super) fn validate_expose(expose: &Expose, faults: &mut Faults) {
    for (position, path) in expose.paths.iter().enumerate() {
        let place = format!("Expose.Paths[{position}]");
        if !path.path.starts_with('/') {
            faults.add(format!("{place}.Path"), format!("must start with '/', not {:?}", path.path));
        }
        if path.listener_port == 0 {
            faults.add(format!("{place}.ListenerPort"), "must be between 1 and 65535");
        }
        if !matches!(path.protocol.as_str(), "" | "http" | "http2") {
            faults.add(format!("{place}.Protocol"), format!("must be \"http\" or \"http2\", not {:?}", path.protocol));
        }
    }
}

/// What is done to the headers of requests or of answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeaderModifiers {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// Reasons to try a request again that proxies know.
const RETRY_ON: [&str; 13] = [
    "5xx",
    "gateway-error",
    "reset",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
    "reset-before-request",
];

pub(super) fn validate_retry_on(place: &str, reasons: &[String], faults: &mut Faults) {
    for (position, reason) in reasons.iter().enumerate() {
        if !RETRY_ON.contains(&reason.as_str()) {
            faults.add(format!("{place}.RetryOn[{position}]"), not_one_of(reason, &RETRY_ON));
        }
    }
}

/// What is said of a word that is none of those that are known.
pub(super) fn not_one_of(found: &str, known: &[&str]) -> String {
    let known: Vec<_> = known.iter().filter(|word| !word.is_empty()).copied().collect();
    format!("{found:?} is not one of {}", known.join(", "))
}

/// Words of which each may be given once.
pub(super) fn validate_methods(place: &str, methods: &[String], faults: &mut Faults) {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];
    for (position, method) in methods.iter().enumerate() {
        if !KNOWN.contains(&method.as_str()) {
            faults.add(format!("{place}.Methods[{position}]"), not_one_of(method, &KNOWN));
        }
        if methods[..position].contains(method) {
            faults.add(place, format!("Methods contains {method:?} more than once"));
        }
    }
}

/// An expression that a proxy is to match with.
pub(super) fn validate_regex(place: &str, expression: &str, faults: &mut Faults) {
    if let Err(error) = regexp::compile(expression) {
        faults.add(place, format!("is not a valid expression: {error}"));
    }
}

/// TLS versions and cipher suites as one listener has them.
pub(super) fn validate_tls_versions(place: &str, min: &str, max: &str, suites: &[String], faults: &mut Faults) {
    const VERSIONS: [&str; 6] = ["", "TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"];
    let rank = |version: &str| VERSIONS.iter().position(|known| *known == version);
    for (field, version) in [("TLSMinVersion", min), ("TLSMaxVersion", max)] {
        if rank(version).is_none() {
            faults.add(format!("{place}.{field}"), not_one_of(version, &VERSIONS));
        }
    }
    if let (Some(low), Some(high)) = (rank(min), rank(max))
        && low >= 2
        && high >= 2
        && low > high
    {
        faults.add(place, "TLSMinVersion is higher than TLSMaxVersion");
    }
    if min == "TLSv1_3" && !suites.is_empty() {
        faults.add(format!("{place}.CipherSuites"), "cannot be set when TLSMinVersion is TLSv1_3");
    }
}

/// A name that must be given, and is not a pattern.
pub(super) fn validate_name(name: &str, faults: &mut Faults) {
    if name.is_empty() {
        faults.say("Name is required");
    } else if name.contains('*') {
        faults.add("Name", "cannot contain the wildcard '*'");
    }
}

/// This version has no namespaces and no partitions; their one default may be named.
pub(super) fn validate_tenancy(place: &str, namespace: &str, partition: &str, faults: &mut Faults) {
    for (field, value) in [("Namespace", namespace), ("Partition", partition)] {
        if !matches!(value, "" | "default") {
            faults.add(format!("{place}.{field}"), format!("{value:?} is not known here"));
        }
    }
}
