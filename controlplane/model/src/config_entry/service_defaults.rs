//! `service-defaults`: the protocol of a service and how its proxies treat it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shared::{self, is_default};
use super::{Entry, UpstreamConfig};
use crate::catalog::{Expose, MeshGateway, Meta, ProxyMode, TransparentProxy};
use crate::faults::Faults;
use crate::names::WILDCARD;

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

/// `Destination`: a service outside the mesh, reached by address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Destination {
    pub addresses: Vec<String>,
    pub port: u16,
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
        if let Some(config) = &mut self.upstream_config {
            config.normalize();
        }
    }

    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.say("Name is required");
        }
        if self.name == WILDCARD {
            faults.say("Wildcard name (\"*\") is not supported for service-defaults");
        }
        shared::validate_mutual_tls_mode(&self.mutual_tls_mode, faults);
        if !matches!(self.balance_inbound_connections.as_str(), "" | "exact_balance") {
            faults
                .say(format!("invalid value for balance_inbound_connections: {:?}", self.balance_inbound_connections));
        }
        shared::validate_mesh_gateway(&self.mesh_gateway, faults);
        shared::validate_expose(&self.expose, faults);
        if let Some(config) = &self.upstream_config {
            config.validate(faults);
        }
        if let Some(destination) = &self.destination {
            destination.validate(self.upstream_config.is_some(), faults);
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
