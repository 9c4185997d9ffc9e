//! How the requests to one service are spread over its instances.

use serde::{Deserialize, Serialize};

use super::shared::{is_default, not_one_of};
use crate::faults::Faults;
use crate::time::GoDuration;

/// `LoadBalancer` of a service-resolver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LoadBalancer {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_hash_config: Option<RingHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_request_config: Option<LeastRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hash_policies: Vec<HashPolicy>,
}

/// Bounds of the ring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RingHash {
    #[serde(skip_serializing_if = "is_default")]
    pub minimum_ring_size: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub maximum_ring_size: u64,
}

/// How many instances are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LeastRequest {
    #[serde(skip_serializing_if = "is_default")]
    pub choice_count: u32,
}

/// What of a request is hashed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HashPolicy {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie_config: Option<CookieConfig>,
    #[serde(rename = "SourceIP", skip_serializing_if = "is_default")]
    pub source_ip: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub terminal: bool,
}

/// A cookie that the proxy makes where there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CookieConfig {
    #[serde(skip_serializing_if = "is_default")]
    pub session: bool,
    #[serde(rename = "TTL", skip_serializing_if = "is_default")]
    pub ttl: GoDuration,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
}

const POLICIES: [&str; 6] = ["", "random", "round_robin", "least_request", "ring_hash", "maglev"];
const FIELDS: [&str; 4] = ["", "header", "cookie", "query_parameter"];

impl LoadBalancer {
    pub(super) fn validate(&self, faults: &mut Faults) {
        let policy = self.policy.as_str();
        if !POLICIES.contains(&policy) {
            faults.say(format!("Bad LoadBalancer policy: {}", not_one_of(policy, &POLICIES)));
        }
        if policy != "ring_hash" && self.ring_hash_config.is_some() {
            faults.say(format!("Bad LoadBalancer configuration. RingHashConfig specified for incompatible load balancing policy {policy:?}"));
        }
        if policy != "least_request" && self.least_request_config.is_some() {
            faults.say(format!("Bad LoadBalancer configuration. LeastRequestConfig specified for incompatible load balancing policy {policy:?}"));
        }
        if !self.hash_policies.is_empty() && !matches!(policy, "ring_hash" | "maglev") {
            faults.say(format!(
                "Bad LoadBalancer configuration: HashPolicies specified for non-hash-based Policy: {policy:?}"
            ));
        }
        if let Some(ring) = &self.ring_hash_config
            && ring.maximum_ring_size > 0
            && ring.minimum_ring_size > ring.maximum_ring_size
        {
            faults.add("LoadBalancer.RingHashConfig", "MinimumRingSize is above MaximumRingSize");
        }
        for (position, hashed) in self.hash_policies.iter().enumerate() {
            hashed.validate(&format!("Bad LoadBalancer HashPolicy[{position}]: "), faults);
        }
    }
}

impl HashPolicy {
    fn validate(&self, begin: &str, faults: &mut Faults) {
        let field = self.field.as_str();
        if !FIELDS.contains(&field) {
            faults.say(format!("{begin}{}", not_one_of(field, &FIELDS)));
        }
        match (self.source_ip, field.is_empty()) {
            (true, false) => {
                faults.say(format!("{begin}A single hash policy cannot hash both a source address and a {field:?}"))
            }
            (false, true) => faults.say(format!("{begin}one of Field and SourceIP is required")),
            (false, false) if self.field_value.is_empty() => {
                faults.say(format!("{begin}Field {field:?} was specified without a FieldValue"));
            }
            (true, true) | (false, false) => {}
        }
        if let Some(cookie) = &self.cookie_config {
            if field != "cookie" {
                faults.say(format!("{begin}cookie_config provided for {field:?}"));
            }
            if cookie.session && !cookie.ttl.is_zero() {
                faults.say(format!("{begin}a session cookie cannot have an associated TTL"));
            }
        }
    }
}
