//! The body of `PUT /v1/agent/service/register` and the `service` block of files.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CheckBody, Registration, ServiceRegistration, sidecar};
use crate::catalog::{Meta, Node, Proxy, Service, ServiceAddress, ServiceKind, Weights};
use crate::faults::Faults;
use crate::health::Check;
use crate::names::{NodeName, ServiceId, ServiceName};
use crate::secret::Secret;

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
    pub token: Secret,
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

impl ServiceDefinition {
    /// The instance id: the one given, else the name.
    #[must_use]
    pub fn service_id(&self) -> ServiceId {
        if self.id.is_empty() { self.name.as_str().into() } else { (&self.id).into() }
    }

    /// The registration of this service on `node`: the instance, its checks, its sidecar with the
    /// sidecar's defaults. `ports` is the range (inclusive) that sidecars without a port are given one
    /// of. `replace_checks`: checks that are not listed any more are removed.
    ///
    /// # Errors
    /// Everything that is wrong with the definition, in Consul's words.
    pub fn into_registration(
        mut self,
        node: &Node,
        ports: (u16, u16),
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
            proxy: proxy.map(Box::new),
            native: self.connect.is_some_and(|connect| connect.native),
            sidecar_of: None,
        }
    }
}
