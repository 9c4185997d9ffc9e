//! `UpstreamConfig` of `service-defaults`: how a service treats those it calls.

use serde::{Deserialize, Serialize};

use super::shared::is_default;
use crate::catalog::MeshGateway;
use crate::faults::Faults;
use crate::time::GoDuration;

/// `UpstreamConfig`: how callers treat this service as they call others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpstreamConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<UpstreamDefaults>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<UpstreamDefaults>,
}

/// Settings of one upstream, or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpstreamDefaults {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// 0: 5000.
    #[serde(skip_serializing_if = "is_default")]
    pub connect_timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive_health_check: Option<PassiveHealthCheck>,
    pub mesh_gateway: MeshGateway,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub balance_outbound_connections: String,
    #[serde(rename = "EnvoyListenerJSON", skip_serializing_if = "String::is_empty")]
    pub envoy_listener_json: String,
    #[serde(rename = "EnvoyClusterJSON", skip_serializing_if = "String::is_empty")]
    pub envoy_cluster_json: String,
}

/// `Limits`: Envoy's circuit breaker thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Limits {
    pub max_connections: Option<u32>,
    pub max_pending_requests: Option<u32>,
    pub max_concurrent_requests: Option<u32>,
}

/// `PassiveHealthCheck`: Envoy's outlier detection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PassiveHealthCheck {
    pub interval: GoDuration,
    pub max_failures: u32,
    #[serde(rename = "EnforcingConsecutive5xx")]
    pub enforcing_consecutive_5xx: Option<u32>,
    pub max_ejection_percent: Option<u32>,
    pub base_ejection_time: Option<GoDuration>,
}

impl UpstreamConfig {
    /// Brings the settings into their normal form.
    pub(super) fn normalize(&mut self) {
        for upstream in self.overrides.iter_mut().chain(&mut self.defaults) {
            upstream.protocol.make_ascii_lowercase();
        }
    }

    /// Notes all that is wrong, below `UpstreamConfig`.
    pub(super) fn validate(&self, faults: &mut Faults) {
        for (position, upstream) in self.overrides.iter().enumerate() {
            let path = format!("UpstreamConfig.Overrides[{position}]");
            if upstream.name.is_empty() {
                faults.add(format!("{path}.Name"), "is required");
            }
            if self.overrides[..position].iter().any(|earlier| earlier.name == upstream.name) {
                faults.add(&path, format!("defines {:?} more than once", upstream.name));
            }
            upstream.validate(&path, faults);
        }
        if let Some(defaults) = &self.defaults {
            if !defaults.name.is_empty() {
                faults.add("UpstreamConfig.Defaults.Name", "must be empty");
            }
            defaults.validate("UpstreamConfig.Defaults", faults);
        }
    }
}

impl UpstreamDefaults {
    fn validate(&self, path: &str, faults: &mut Faults) {
        if !matches!(self.balance_outbound_connections.as_str(), "" | "exact_balance") {
            faults.add(
                format!("{path}.BalanceOutboundConnections"),
                format!("invalid value {:?}, only \"exact_balance\" is supported", self.balance_outbound_connections),
            );
        }
        if let Some(check) = &self.passive_health_check {
            for (field, percent) in [
                ("EnforcingConsecutive5xx", check.enforcing_consecutive_5xx),
                ("MaxEjectionPercent", check.max_ejection_percent),
            ] {
                if percent.is_some_and(|percent| percent > 100) {
                    faults.add(format!("{path}.PassiveHealthCheck.{field}"), "must be between 0 and 100");
                }
            }
        }
    }
}
