//! The body of `PUT /v1/agent/service/register`, the `service` block of files, and check definitions.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Registration, ServiceRegistration, sidecar};
use crate::catalog::{Meta, Node, Proxy, Service, ServiceAddress, ServiceKind, Weights};
use crate::faults::Faults;
use crate::health::{Check, CheckDefinition, CheckStatus};
use crate::names::{CheckId, NodeName, ServiceId, ServiceName};
use crate::time::GoDuration;

/// A service as people register it with an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceDefinition {
    pub kind: ServiceKind,
    /// Empty: the name.
    #[serde(rename = "ID")]
    pub id: String,
    pub name: ServiceName,
    pub tags: Vec<String>,
    pub meta: Meta,
    pub port: u16,
    pub address: String,
    pub socket_path: String,
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    pub weights: Option<Weights>,
    pub enable_tag_override: bool,
    pub check: Option<CheckBody>,
    pub checks: Vec<CheckBody>,
    pub proxy: Option<Proxy>,
    pub connect: Option<ConnectBody>,
    /// Used by the agent for this service's own writes; never stored in the catalog.
    #[serde(skip_serializing)]
    pub token: String,
    pub namespace: String,
    pub partition: String,
    pub locality: Option<Value>,
}

/// `Connect` of a service definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConnectBody {
    pub native: bool,
    pub sidecar_service: Option<Box<ServiceDefinition>>,
}

/// A check as people define it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckBody {
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "CheckID")]
    pub check_id: String,
    pub name: String,
    pub notes: String,
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    pub status: String,
    #[serde(rename = "TTL")]
    pub ttl: GoDuration,
    pub interval: GoDuration,
    pub timeout: GoDuration,
    #[serde(rename = "HTTP")]
    pub http: String,
    pub header: BTreeMap<String, Vec<String>>,
    pub method: String,
    pub body: String,
    #[serde(rename = "TCP")]
    pub tcp: String,
    #[serde(rename = "UDP")]
    pub udp: String,
    #[serde(rename = "GRPC")]
    pub grpc: String,
    #[serde(rename = "GRPCUseTLS")]
    pub grpc_use_tls: bool,
    #[serde(rename = "TLSServerName")]
    pub tls_server_name: String,
    #[serde(rename = "TLSSkipVerify")]
    pub tls_skip_verify: bool,
    #[serde(rename = "TCPUseTLS")]
    pub tcp_use_tls: bool,
    #[serde(rename = "H2PING")]
    pub h2ping: String,
    #[serde(rename = "H2PingUseTLS")]
    pub h2ping_use_tls: Option<bool>,
    #[serde(rename = "OSService")]
    pub os_service: String,
    pub disable_redirects: bool,
    pub script_args: Vec<String>,
    pub args: Vec<String>,
    #[serde(rename = "DockerContainerID")]
    pub docker_container_id: String,
    pub shell: String,
    pub alias_service: String,
    pub alias_node: String,
    pub success_before_passing: i64,
    pub failures_before_warning: i64,
    pub failures_before_critical: i64,
    pub deregister_critical_service_after: GoDuration,
    pub output_max_size: i64,
    pub token: String,
    pub namespace: String,
    pub partition: String,
}

/// The range of ports that sidecars without one are given, `sidecar_min_port` to `sidecar_max_port`.
pub(super) type PortRange = (u16, u16);

impl ServiceDefinition {
    /// The instance id: the one given, else the name.
    #[must_use]
    pub fn service_id(&self) -> ServiceId {
        if self.id.is_empty() { self.name.as_str().into() } else { (&self.id).into() }
    }

    /// The registration of this service on `node`: the instance, its checks, its sidecar with the
    /// sidecar's defaults. `replace_checks`: checks that are not listed any more are removed.
    ///
    /// # Errors
    /// Everything that is wrong with the definition, in Consul's words.
    pub fn into_registration(
        mut self,
        node: &Node,
        ports: PortRange,
        replace_checks: bool,
    ) -> Result<Registration, Faults> {
        let mut faults = Faults::default();
        if self.name.is_empty() {
            faults.say("Missing service name");
            return Err(faults);
        }
        let sidecar = sidecar::take(&mut self, &mut faults);
        let mut registration =
            Registration { node: node.clone(), skip_node_update: true, keep_status: true, ..Registration::default() };
        for (definition, parent) in std::iter::once((self, None)).chain(sidecar.map(|(s, parent)| (s, Some(parent)))) {
            definition.validate(parent.is_some(), &mut faults);
            let port_range = (parent.is_some() && definition.port == 0).then_some(ports);
            registration.checks.extend(definition.build_checks(&node.name, &mut faults));
            let mut service = definition.into_service();
            service.sidecar_of = parent;
            registration.services.push(ServiceRegistration { service, replace_checks, port_range });
        }
        faults.into_result()?;
        Ok(registration)
    }

    fn build_checks(&self, node: &NodeName, faults: &mut Faults) -> Vec<Check> {
        let bodies: Vec<_> =
            self.check.iter().chain(&self.checks).filter(|body| **body != CheckBody::default()).collect();
        let id = self.service_id();
        let mut checks = Vec::with_capacity(bodies.len());
        for (position, body) in bodies.iter().enumerate() {
            let fallback = match bodies.len() {
                1 => format!("service:{id}"),
                _ => format!("service:{id}:{}", position + 1),
            };
            if let Err(text) = body.validate() {
                faults.say(text);
            }
            let named = CheckBody { service_id: id.as_str().to_owned(), ..(*body).clone() };
            checks.push(named.into_check(node, &fallback, &format!("Service '{}' check", self.name)));
        }
        checks
    }

    fn into_service(self) -> Service {
        let id = self.service_id();
        let mut tagged_addresses = self.tagged_addresses;
        if let Ok(ip) = self.address.parse::<IpAddr>() {
            let family = if ip.is_ipv4() { "ipv4" } else { "ipv6" };
            for reach in ["lan", "wan"] {
                tagged_addresses
                    .entry(format!("{reach}_{family}"))
                    .or_insert_with(|| ServiceAddress { address: self.address.clone(), port: self.port });
            }
        }
        let mut proxy = self.proxy;
        if let (ServiceKind::ConnectProxy, Some(proxy)) = (self.kind, proxy.as_mut())
            && proxy.local_service_address.is_empty()
            && proxy.local_service_port > 0
        {
            "127.0.0.1".clone_into(&mut proxy.local_service_address);
        }
        Service {
            kind: self.kind,
            id,
            name: self.name,
            tags: self.tags,
            meta: self.meta,
            port: self.port,
            address: self.address,
            socket_path: self.socket_path,
            tagged_addresses,
            weights: self.weights.unwrap_or_default(),
            enable_tag_override: self.enable_tag_override,
            proxy,
            native: self.connect.is_some_and(|connect| connect.native),
            sidecar_of: None,
        }
    }

    fn validate(&self, is_sidecar: bool, faults: &mut Faults) {
        if let Some(ip) = self.address.parse::<IpAddr>().ok().filter(IpAddr::is_unspecified) {
            faults.say(format!("Invalid service address: {ip}"));
        }
        if let Some(weights) = self.weights {
            if weights.passing < 1 {
                faults.say("Invalid Weights: Passing must be greater than 0");
            }
            if weights.warning < 0 {
                faults.say("Invalid Weights: Warning must be greater or equal than 0");
            }
            if weights.passing > 65535 || weights.warning > 65535 {
                faults.say("Invalid Weights: must be between 0 and 65535");
            }
        }
        for (field, value) in [("Namespace", &self.namespace), ("Partition", &self.partition)] {
            if !matches!(value.as_str(), "" | "default") {
                faults.say(format!("Invalid {field}: only \"default\" is supported, not {value:?}"));
            }
        }
        validate_meta(&self.meta, faults);
        if self.kind == ServiceKind::ConnectProxy {
            self.validate_proxy(is_sidecar, faults);
        } else if let Some(proxy) = &self.proxy
            && self.kind != ServiceKind::Typical
            && !proxy.destination_service_name.is_empty()
        {
            faults
                .say(format!("The Proxy.DestinationServiceName configuration is invalid for a {}", self.kind.as_str()));
        }
    }

    fn validate_proxy(&self, is_sidecar: bool, faults: &mut Faults) {
        let proxy = self.proxy.clone().unwrap_or_default();
        if proxy.destination_service_name.is_empty() {
            faults.say("Proxy.DestinationServiceName must be non-empty for Connect proxy services");
        }
        if proxy.destination_service_name == "*" {
            faults.say("Proxy.DestinationServiceName must not be a wildcard for Connect proxy services");
        }
        if self.port == 0 && self.socket_path.is_empty() && !is_sidecar {
            faults.say("Port must be set for a Connect proxy");
        }
        if self.connect.as_ref().is_some_and(|connect| connect.native) {
            faults.say("A Proxy cannot also be Connect Native, only typical services");
        }
        for (position, upstream) in proxy.upstreams.iter().enumerate() {
            let earlier = &proxy.upstreams[..position];
            let name = &upstream.destination_name;
            if name.is_empty() {
                faults.say("upstream destination name cannot be empty");
            }
            if *name == "*" {
                faults.say("upstream destination name cannot be a wildcard");
            }
            if upstream.local_bind_port == 0 && upstream.local_bind_socket_path.is_empty() && !proxy.is_transparent() {
                faults.say("upstream local bind port cannot be zero");
            }
            let bind = if upstream.local_bind_address.is_empty() { "127.0.0.1" } else { &upstream.local_bind_address };
            if bind.parse::<IpAddr>().is_err() {
                faults.say(format!("upstream local bind address {bind:?} is not an IP address"));
            }
            let same_bind = |other: &&crate::catalog::Upstream| {
                other.local_bind_port == upstream.local_bind_port
                    && other.local_bind_address == upstream.local_bind_address
            };
            if upstream.local_bind_port != 0 && earlier.iter().any(|other| same_bind(&other)) {
                let place = format!("{bind}:{}", upstream.local_bind_port);
                faults.say(format!(
                    "upstreams cannot contain duplicates by local bind address and port; {place:?} is specified twice"
                ));
            }
            if earlier.iter().any(|other| other.destination_name == *name && other.datacenter == upstream.datacenter) {
                faults.say(format!(
                    "upstreams cannot contain duplicates of [type=\"service\", name={:?}, namespace=\"\", datacenter={:?}]",
                    name.as_str(),
                    upstream.datacenter.as_str()
                ));
            }
        }
    }
}

impl Proxy {
    /// Whether the proxy intercepts every connection.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        self.mode == crate::catalog::ProxyMode::Transparent
    }
}

/// Consul's limits on a service's metadata.
fn validate_meta(meta: &Meta, faults: &mut Faults) {
    if meta.len() > 64 {
        faults.say("Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs");
    }
    let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    for (key, value) in meta {
        let reason = match key.as_str() {
            "" => "Key cannot be blank",
            key if !plain(key) => "Key contains invalid characters",
            key if key.len() > 128 => "Key is too long (limit: 128 characters)",
            key if key.starts_with("consul-") => "Key prefix 'consul-' is reserved for internal use",
            _ if value.len() > 512 => "Value is too long (limit: 512 characters)",
            _ => continue,
        };
        faults.say(format!("Invalid Service Meta: Couldn't load metadata pair ('{key}', '{value}'): {reason}"));
    }
}

impl CheckBody {
    /// Whether the definition says how to get a result.
    ///
    /// # Errors
    /// Consul's text.
    pub fn validate(&self) -> Result<(), String> {
        let polled =
            [&self.http, &self.tcp, &self.udp, &self.grpc, &self.h2ping, &self.os_service, &self.docker_container_id]
                .iter()
                .any(|target| !target.is_empty())
                || !self.script_args.is_empty()
                || !self.args.is_empty();
        let alias = !self.alias_service.is_empty() || !self.alias_node.is_empty();
        if !self.status.is_empty() && CheckStatus::parse(&self.status).is_none() {
            return Err("Bad check status".into());
        }
        if !self.interval.is_zero() && !self.ttl.is_zero() {
            return Err("Invalid check: Interval and TTL cannot both be specified".into());
        }
        if polled && self.interval.is_zero() {
            return Err("Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks".into());
        }
        if !polled && !alias && self.ttl.is_zero() {
            return Err("Invalid check: TTL must be > 0 for TTL checks".into());
        }
        Ok(())
    }

    /// What kind of check this is, as `Type` shows it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let kinds = [
            (!self.http.is_empty(), "http"),
            (!self.tcp.is_empty(), "tcp"),
            (!self.udp.is_empty(), "udp"),
            (!self.grpc.is_empty(), "grpc"),
            (!self.h2ping.is_empty(), "h2ping"),
            (!self.os_service.is_empty(), "os_service"),
            (!self.docker_container_id.is_empty(), "docker"),
            (!self.script_args.is_empty() || !self.args.is_empty(), "script"),
            (!self.alias_service.is_empty() || !self.alias_node.is_empty(), "alias"),
            (!self.ttl.is_zero(), "ttl"),
        ];
        kinds.iter().find(|(set, _)| *set).map_or("", |(_, kind)| kind)
    }

    /// The check on `node`, with these fallbacks for its id and name. Starts critical unless it says
    /// otherwise.
    #[must_use]
    pub fn into_check(self, node: &NodeName, fallback_id: &str, fallback_name: &str) -> Check {
        let kind = self.kind().to_owned();
        let id =
            [self.check_id.as_str(), &self.id, fallback_id].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
        Check {
            node: node.clone(),
            id: CheckId::from(id),
            name: if self.name.is_empty() { fallback_name.to_owned() } else { self.name },
            status: CheckStatus::parse(&self.status).unwrap_or(CheckStatus::Critical),
            notes: self.notes,
            output: String::new(),
            service_id: self.service_id.into(),
            service_name: ServiceName::default(),
            service_tags: Vec::new(),
            kind,
            definition: CheckDefinition {
                http: self.http,
                header: self.header,
                method: self.method,
                body: self.body,
                tcp: self.tcp,
                udp: self.udp,
                grpc: self.grpc,
                ttl: self.ttl,
                interval: self.interval,
                timeout: self.timeout,
                deregister_critical_service_after: self.deregister_critical_service_after,
                alias_service: self.alias_service.into(),
                alias_node: self.alias_node.into(),
            },
            definition_public: false,
        }
    }
}
