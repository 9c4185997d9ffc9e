//! The upstreams of a proxy with what the config entries say of them. From the weakest to the strongest: how all services are
//! called, how the upstream wants to be called, how the service calls all of its upstreams, how it calls this one, and what
//! the registration says.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use weft_model::ServiceName;
use weft_model::catalog::{DestinationType, MeshGateway, Proxy, ProxyMode, Upstream};
use weft_model::config_entry::{ProxyDefaults, ServiceDefaults, UpstreamDefaults};
use weft_state::StateView;

use super::central::{fill, first, mode};

/// The name of the upstream that stands for all.
const ALL: &str = "*";

/// Fills in the upstreams; a transparent proxy also gets those that only the entries name.
pub(super) fn merge(view: &StateView<'_>, own: &ServiceDefaults, everywhere: &ProxyDefaults, proxy: &mut Proxy) {
    let sources = Sources { own, everywhere, registered: proxy.mesh_gateway.mode.clone() };
    let mut named = BTreeSet::new();
    for upstream in &mut proxy.upstreams {
        if upstream.destination_type == DestinationType::Service {
            let (gateway, config) = sources.of(view, &upstream.destination_name);
            if upstream.mesh_gateway.mode.is_empty() {
                upstream.mesh_gateway.mode = gateway;
            }
            fill(&mut upstream.config, &config);
            named.insert(upstream.destination_name.clone());
        }
    }
    if mode(proxy, own, everywhere) == ProxyMode::Transparent {
        let more = sources.names().into_iter().filter(|name| !named.contains(name));
        proxy.upstreams.extend(more.map(|name| {
            let (mode, config) = sources.of(view, &name);
            Upstream { destination_name: name, mesh_gateway: MeshGateway { mode }, config, ..Upstream::default() }
        }));
    }
}

struct Sources<'a> {
    own: &'a ServiceDefaults,
    everywhere: &'a ProxyDefaults,
    /// The gateway mode of the proxy as it was registered.
    registered: String,
}

impl Sources<'_> {
    /// The upstreams that the entries name.
    fn names(&self) -> Vec<ServiceName> {
        let all = self.for_all().map(|_| ServiceName::from(ALL));
        let overrides = self.own.upstream_config.iter().flat_map(|config| &config.overrides);
        all.into_iter().chain(overrides.map(|one| ServiceName::from(one.name.as_str()))).collect()
    }

    fn for_all(&self) -> Option<&UpstreamDefaults> {
        self.own.upstream_config.as_ref()?.defaults.as_ref()
    }

    fn for_one(&self, name: &ServiceName) -> Option<&UpstreamDefaults> {
        self.own.upstream_config.as_ref()?.overrides.iter().find(|one| one.name == name.as_str())
    }

    /// The gateway mode and the configuration of an upstream.
    fn of(&self, view: &StateView<'_>, name: &ServiceName) -> (String, Map<String, Value>) {
        let (all, one) = (self.for_all(), self.for_one(name));
        let mode =
            |settings: Option<&UpstreamDefaults>| settings.map_or("", |one| one.mesh_gateway.mode.as_str()).to_owned();
        let gateway = first(&[
            &mode(one),
            &self.registered,
            &mode(all),
            &self.own.mesh_gateway.mode,
            &self.everywhere.mesh_gateway.mode,
        ]);
        let mut config = Map::new();
        for settings in [one, all].into_iter().flatten() {
            fill(&mut config, &settings_of(settings));
        }
        let wanted = view.service_defaults(name.as_str()).map(|upstream| upstream.protocol).unwrap_or_default();
        let general = self.everywhere.config.get("protocol").and_then(Value::as_str).unwrap_or_default();
        let protocol = first(&[&wanted, general]);
        if name.as_str() != ALL && !protocol.is_empty() && !config.contains_key("protocol") {
            config.insert("protocol".to_owned(), protocol.into());
        }
        (gateway, config)
    }
}

/// Settings under the keys that `Config` of an upstream has.
fn settings_of(settings: &UpstreamDefaults) -> Map<String, Value> {
    let text = |value: &str| (!value.is_empty()).then(|| Value::from(value));
    let all = [
        ("envoy_listener_json", text(&settings.envoy_listener_json)),
        ("envoy_cluster_json", text(&settings.envoy_cluster_json)),
        ("protocol", text(&settings.protocol)),
        ("connect_timeout_ms", (settings.connect_timeout_ms > 0).then(|| settings.connect_timeout_ms.into())),
        ("limits", settings.limits.as_ref().and_then(|limits| serde_json::to_value(limits).ok())),
        (
            "passive_health_check",
            settings.passive_health_check.as_ref().and_then(|check| serde_json::to_value(check).ok()),
        ),
        ("balance_outbound_connections", text(&settings.balance_outbound_connections)),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}
