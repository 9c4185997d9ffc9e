//! A service as its callers see it: which protocol it speaks and where requests to it go.
//!
//! A chain has one target now. Routers, splitters and resolvers add targets and say how requests are
//! divided among them; whoever reads a chain already goes through its targets.

use serde_json::Value;
use weft_model::config_entry::Protocol;
use weft_model::{Datacenter, ServiceName};
use weft_state::StateView;

use crate::names;

/// Where requests to a service go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub service: ServiceName,
    pub protocol: Protocol,
    /// At least one; the first takes all requests.
    pub targets: Vec<Target>,
}

/// A set of instances that requests can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub service: ServiceName,
    pub datacenter: Datacenter,
}

impl Target {
    /// The SNI by which the target is asked for; also the name of its cluster.
    #[must_use]
    pub fn sni(&self, trust_domain: &str) -> String {
        names::sni(&self.service, &self.datacenter, trust_domain)
    }

    /// Who answers there.
    #[must_use]
    pub fn spiffe_id(&self, trust_domain: &str) -> String {
        names::spiffe_id(&self.service, &self.datacenter, trust_domain)
    }
}

/// The chain of `service` as seen in `datacenter`.
#[must_use]
pub fn chain(view: &StateView<'_>, service: &ServiceName, datacenter: &Datacenter) -> Chain {
    let target = Target { service: service.clone(), datacenter: datacenter.clone() };
    Chain { service: service.clone(), protocol: protocol(view, service), targets: vec![target] }
}

/// `service-defaults` of the service, else `Config.protocol` of `proxy-defaults`, else TCP.
#[must_use]
pub fn protocol(view: &StateView<'_>, service: &ServiceName) -> Protocol {
    let own = view.service_defaults(service.as_str()).map(|defaults| defaults.protocol);
    if let Some(name) = own.filter(|name| !name.is_empty()) {
        return Protocol::parse(&name);
    }
    let defaults = view.proxy_defaults();
    let general = defaults.as_ref().and_then(|defaults| defaults.config.get("protocol")).and_then(Value::as_str);
    general.map_or(Protocol::Tcp, Protocol::parse)
}
