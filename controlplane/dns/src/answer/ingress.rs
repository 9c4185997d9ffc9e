//! `NAME.ingress`: the gateways that let a service in from outside the mesh.

use weft_model::ServiceName;
use weft_model::catalog::ServiceKind;
use weft_model::config_entry::{IngressGateway, IngressListener, Kind};
use weft_state::Instance;

use super::{Question, Reply};

/// Stands for all services that speak the protocol of a port.
const ALL: &str = "*";
const TCP: &str = "tcp";

impl Question<'_> {
    pub(super) fn ingress(&self, name: &str) -> Reply {
        self.instances(self.spelled(name, |name| self.gateways_of(name)), name)
    }

    fn gateways_of(&self, service: &ServiceName) -> Vec<Instance> {
        let entries = self.view.config_entries(Kind::IngressGateway);
        let documents = entries.iter().filter_map(|entry| entry.value.document::<IngressGateway>());
        let letting = documents.filter(|gateway| gateway.listeners.iter().any(|port| self.is_behind(port, service)));
        let instances = letting.flat_map(|gateway| self.view.instances(&ServiceName::from(&gateway.name)));
        instances.filter(|instance| instance.service.value.kind == ServiceKind::IngressGateway).collect()
    }

    fn is_behind(&self, port: &IngressListener, service: &ServiceName) -> bool {
        let names = |name: &str| port.services.iter().any(|behind| behind.name == name);
        names(service.as_str()) || (names(ALL) && self.is_ordinary(service) && self.protocol(service) == port.protocol)
    }

    fn is_ordinary(&self, service: &ServiceName) -> bool {
        self.view.instances(service).iter().any(|instance| instance.service.value.kind == ServiceKind::Typical)
    }

    /// Of the service's own defaults, or of those for all proxies.
    fn protocol(&self, service: &ServiceName) -> String {
        let own = self.view.service_defaults(service.as_str()).map(|defaults| defaults.protocol);
        let general = || {
            let config = self.view.proxy_defaults()?.config;
            config.get("protocol")?.as_str().map(str::to_owned)
        };
        own.filter(|name| !name.is_empty()).or_else(general).unwrap_or_else(|| TCP.to_owned())
    }
}
