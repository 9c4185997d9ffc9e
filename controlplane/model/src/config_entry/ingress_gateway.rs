//! `ingress-gateway`: what a gateway lets in from outside the mesh, and on which ports.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::{HeaderModifiers, is_default, validate_name, validate_tls_versions};
use super::upstream_config::PassiveHealthCheck;
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `ingress-gateway` config entry; its name is the gateway's service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IngressGateway {
    pub name: String,
    #[serde(rename = "TLS")]
    pub tls: GatewayTls,
    pub listeners: Vec<IngressListener>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<IngressLimits>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// TLS towards the outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GatewayTls {
    pub enabled: bool,
    #[serde(rename = "SDS", skip_serializing_if = "Option::is_none")]
    pub sds: Option<GatewaySds>,
    #[serde(rename = "TLSMinVersion", skip_serializing_if = "String::is_empty")]
    pub tls_min_version: String,
    #[serde(rename = "TLSMaxVersion", skip_serializing_if = "String::is_empty")]
    pub tls_max_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<String>,
}

/// Where the proxy gets its certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GatewaySds {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_resource: String,
}

/// A port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IngressListener {
    pub port: u16,
    pub protocol: String,
    #[serde(rename = "TLS", skip_serializing_if = "Option::is_none")]
    pub tls: Option<GatewayTls>,
    pub services: Vec<IngressService>,
}

/// A service behind a port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IngressService {
    pub name: String,
    /// Empty: names that end with the gateway's own domain.
    pub hosts: Option<Vec<String>>,
    #[serde(rename = "TLS", skip_serializing_if = "Option::is_none")]
    pub tls: Option<IngressServiceTls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<HeaderModifiers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<HeaderModifiers>,
    #[serde(skip_serializing_if = "is_default")]
    pub max_connections: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub max_pending_requests: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub max_concurrent_requests: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive_health_check: Option<PassiveHealthCheck>,
}

/// `TLS` of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IngressServiceTls {
    #[serde(rename = "SDS", skip_serializing_if = "Option::is_none")]
    pub sds: Option<GatewaySds>,
}

/// How much goes to each service at a time, unless it says so itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IngressLimits {
    #[serde(skip_serializing_if = "is_default")]
    pub max_connections: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub max_pending_requests: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub max_concurrent_requests: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive_health_check: Option<PassiveHealthCheck>,
}

const PROTOCOLS: [&str; 4] = ["tcp", "http", "http2", "grpc"];

impl Entry for IngressGateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        for listener in &mut self.listeners {
            listener.protocol.make_ascii_lowercase();
            if listener.protocol.is_empty() {
                "tcp".clone_into(&mut listener.protocol);
            }
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        self.tls.validate("TLS", faults);
        for (position, listener) in self.listeners.iter().enumerate() {
            if self.listeners[..position].iter().any(|earlier| earlier.port == listener.port) {
                faults.say(format!("port {} declared on two listeners", listener.port));
            }
            if listener.port == 0 {
                faults.add(format!("Listeners[{position}].Port"), "must be between 1 and 65535");
            }
            if let Some(tls) = &listener.tls {
                tls.validate(&format!("Listeners[{position}].TLS"), faults);
            }
            listener.validate(self.tls.enabled, faults);
        }
    }
}

impl GatewayTls {
    fn validate(&self, place: &str, faults: &mut Faults) {
        validate_tls_versions(place, &self.tls_min_version, &self.tls_max_version, &self.cipher_suites, faults);
        if let Some(sds) = &self.sds
            && sds.cluster_name.is_empty() != sds.cert_resource.is_empty()
        {
            faults.add(format!("{place}.SDS"), "ClusterName and CertResource must be set together");
        }
    }
}

impl IngressListener {
    fn validate(&self, tls: bool, faults: &mut Faults) {
        let (port, protocol) = (self.port, self.protocol.as_str());
        if !PROTOCOLS.contains(&protocol) {
            faults.say(format!(
                "protocol must be 'tcp', 'http', 'http2', or 'grpc'. '{protocol}' is an unsupported protocol"
            ));
        }
        if self.services.is_empty() {
            faults.say(format!("No service declared for listener with port {port}"));
        }
        if protocol == "tcp" && self.services.len() > 1 {
            faults.say(format!(
                "Multiple services per listener are only supported for L7 protocols, 'http', 'http2', and 'grpc' (listener on port {port})"
            ));
        }
        for (position, service) in self.services.iter().enumerate() {
            if self.services[..position].iter().any(|earlier| earlier.name == service.name) {
                faults.say(format!(
                    "Service {:?} cannot be added multiple times (listener on port {port})",
                    service.name
                ));
            }
            service.validate(self, tls, faults);
        }
        let mut hosts: Vec<&String> = self.services.iter().flat_map(|service| service.hosts.iter().flatten()).collect();
        hosts.sort_unstable();
        if hosts.windows(2).any(|pair| pair[0] == pair[1]) {
            faults.say(format!("Hosts must be unique within a specific listener (listener on port {port})"));
        }
    }
}

impl IngressService {
    fn validate(&self, listener: &IngressListener, tls: bool, faults: &mut Faults) {
        let on = format!("(listener on port {})", listener.port);
        let hosts: Vec<&String> = self.hosts.iter().flatten().collect();
        if self.name.is_empty() {
            faults.say(format!("Service name cannot be blank {on}"));
        }
        if self.name == "*" && listener.protocol != "http" {
            faults.say(format!("Wildcard service name is only valid for protocol = 'http' {on}"));
        }
        if self.name == "*" && !hosts.is_empty() {
            faults.say(format!("Associating hosts to a wildcard service is not supported {on}"));
        }
        if listener.protocol == "tcp" && !hosts.is_empty() {
            faults.say(format!("Associating hosts to a service is not supported for the tcp protocol {on}"));
        }
        for host in hosts {
            if host == "*" && tls {
                faults.say("Host '*' is not allowed when TLS is enabled, all hosts must be valid DNS records to add as a DNSSAN");
            }
            let labels = host.strip_prefix("*.").unwrap_or(host);
            if host != "*" && (labels.is_empty() || labels.contains('*')) {
                faults.say(format!(
                    "Host {host:?} is not valid, a wildcard specifier is only allowed as the leftmost label"
                ));
            }
        }
    }
}
