//! `service-defaults`: the protocol of a service and how its proxies treat it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ConfigEntry, Entry};
use crate::catalog::{Expose, MeshGateway, Meta, ProxyMode, TransparentProxy};
use crate::faults::Faults;
use crate::names::WILDCARD;
use crate::time::GoDuration;

/// A protocol as the mesh treats it; names that it does not know are treated as TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Tcp,
    Http,
    Http2,
    Grpc,
}

impl Protocol {
    /// Reads a protocol name in any case; unknown names are TCP, as in Consul.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "http2" => Self::Http2,
            "grpc" => Self::Grpc,
            _ => Self::Tcp,
        }
    }

    /// The protocol's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
        }
    }

    /// Whether requests are visible to the proxy, so that L7 rules apply.
    #[must_use]
    pub const fn is_http(self) -> bool {
        !matches!(self, Self::Tcp)
    }

    /// Whether connections speak HTTP/2.
    #[must_use]
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc)
    }
}

/// The `service-defaults` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceDefaults {
    pub name: String,
    /// Lower-cased; empty: `proxy-defaults`, else `tcp`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    #[serde(skip_serializing_if = "is_default")]
    pub mode: ProxyMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent_proxy: Option<TransparentProxy>,
    /// `""`, `strict` or `permissive`.
    #[serde(rename = "MutualTLSMode", skip_serializing_if = "String::is_empty")]
    pub mutual_tls_mode: String,
    pub mesh_gateway: MeshGateway,
    pub expose: Expose,
    #[serde(rename = "ExternalSNI", skip_serializing_if = "String::is_empty")]
    pub external_sni: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_config: Option<UpstreamConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// 0: unlimited.
    #[serde(skip_serializing_if = "is_default")]
    pub max_inbound_connections: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub local_connect_timeout_ms: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub local_request_timeout_ms: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub balance_inbound_connections: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub envoy_extensions: Vec<Value>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

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

/// `Destination`: a service outside the mesh, reached by address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Destination {
    pub addresses: Vec<String>,
    pub port: u16,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<ServiceDefaults> for ConfigEntry {
    fn from(entry: ServiceDefaults) -> Self {
        Self::ServiceDefaults(entry)
    }
}

impl Entry for ServiceDefaults {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        self.protocol.make_ascii_lowercase();
        for upstream in self.upstream_settings_mut() {
            upstream.protocol.make_ascii_lowercase();
        }
    }

    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.say("Name is required");
        }
        if self.name == WILDCARD {
            faults.say("Wildcard name (\"*\") is not supported for service-defaults");
        }
        if !matches!(self.mutual_tls_mode.as_str(), "" | "strict" | "permissive") {
            faults
                .add("MutualTLSMode", format!("must be \"strict\" or \"permissive\", not {:?}", self.mutual_tls_mode));
        }
        if !matches!(self.balance_inbound_connections.as_str(), "" | "exact_balance") {
            faults
                .say(format!("invalid value for balance_inbound_connections: {:?}", self.balance_inbound_connections));
        }
        super::proxy_defaults::validate_shared(&self.mesh_gateway, &self.expose, faults);
        self.validate_upstreams(faults);
        if let Some(destination) = &self.destination {
            destination.validate(self.upstream_config.is_some(), faults);
        }
    }
}

impl ServiceDefaults {
    fn upstream_settings_mut(&mut self) -> impl Iterator<Item = &mut UpstreamDefaults> {
        self.upstream_config.iter_mut().flat_map(|config| config.overrides.iter_mut().chain(config.defaults.iter_mut()))
    }

    fn validate_upstreams(&self, faults: &mut Faults) {
        let Some(config) = &self.upstream_config else { return };
        for (position, upstream) in config.overrides.iter().enumerate() {
            let path = format!("UpstreamConfig.Overrides[{position}]");
            if upstream.name.is_empty() {
                faults.add(format!("{path}.Name"), "is required");
            }
            if config.overrides[..position].iter().any(|earlier| earlier.name == upstream.name) {
                faults.add(&path, format!("defines {:?} more than once", upstream.name));
            }
            upstream.validate(&path, faults);
        }
        if let Some(defaults) = &config.defaults {
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

impl Destination {
    fn validate(&self, has_upstream_config: bool, faults: &mut Faults) {
        if has_upstream_config {
            faults.say("UpstreamConfig and Destination are mutually exclusive for service defaults");
        }
        if self.addresses.is_empty() {
            faults.add("Destination.Addresses", "must contain at least one address");
        }
        for (position, address) in self.addresses.iter().enumerate() {
            if address.is_empty() || address.contains('*') {
                faults.add(format!("Destination.Addresses[{position}]"), format!("{address:?} is not an address"));
            }
            if self.addresses[..position].contains(address) {
                faults.add(format!("Destination.Addresses[{position}]"), format!("{address:?} is listed twice"));
            }
        }
        if self.port == 0 {
            faults.add("Destination.Port", "must be between 1 and 65535");
        }
    }
}
