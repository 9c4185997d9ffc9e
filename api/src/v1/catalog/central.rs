//! `merge-central-config`: proxies as they are with the config entries of the mesh put in where their registration says nothing.
//! What the registration says goes first, then `service-defaults` of the service that the proxy stands for, then
//! `proxy-defaults`.

use std::sync::Arc;

use serde_json::{Map, Value};
use weft_model::catalog::{Indexed, Proxy, ProxyMode, Service, ServiceKind};
use weft_model::config_entry::{ProxyDefaults, ServiceDefaults};
use weft_state::StateView;

use super::central_upstreams;
use crate::call::Call;

/// Replaces proxies by merged ones, where the request asks for that.
pub(crate) fn merge<'a>(call: &Call, view: &StateView<'_>, services: impl Iterator<Item = &'a mut Indexed<Service>>) {
    if !call.query.has("merge-central-config") {
        return;
    }
    for service in services.filter(|service| service.value.kind != ServiceKind::Typical) {
        service.value = Arc::new(merged(view, &service.value));
    }
}

fn merged(view: &StateView<'_>, service: &Service) -> Service {
    let mut merged = service.clone();
    let mut proxy = merged.proxy.take().map_or_else(Proxy::default, |proxy| (*proxy).clone());
    let is_sidecar = service.kind == ServiceKind::ConnectProxy;
    let stands_for = if is_sidecar { proxy.destination_service_name.as_str() } else { service.name.as_str() };
    let own = view.service_defaults(stands_for).unwrap_or_default();
    let everywhere = view.proxy_defaults().unwrap_or_default();
    // The upstreams come first: they go by what the registration says, not by what it becomes.
    central_upstreams::merge(view, &own, &everywhere, &mut proxy);
    fill(&mut proxy.config, &config(&own, &everywhere));
    fill_rest(&mut proxy, &own, &everywhere);
    merged.proxy = Some(proxy.into());
    merged
}

/// `Config` as the entries have it.
fn config(own: &ServiceDefaults, everywhere: &ProxyDefaults) -> Map<String, Value> {
    let mut config = everywhere.config.clone();
    let text = |value: &str| (!value.is_empty()).then(|| Value::from(value));
    let number = |value: u64| (value > 0).then(|| Value::from(value));
    for (key, value) in [
        ("protocol", text(&own.protocol)),
        ("max_inbound_connections", number(own.max_inbound_connections.into())),
        ("local_connect_timeout_ms", number(own.local_connect_timeout_ms)),
        ("local_request_timeout_ms", number(own.local_request_timeout_ms)),
        ("balance_inbound_connections", text(&own.balance_inbound_connections)),
    ] {
        if let Some(value) = value {
            config.insert(key.to_owned(), value);
        }
    }
    config
}

fn fill_rest(proxy: &mut Proxy, own: &ServiceDefaults, everywhere: &ProxyDefaults) {
    if proxy.mesh_gateway.mode.is_empty() {
        proxy.mesh_gateway.mode = first(&[&own.mesh_gateway.mode, &everywhere.mesh_gateway.mode]);
    }
    proxy.mode = mode(proxy, own, everywhere);
    for central in own.transparent_proxy.iter().chain(&everywhere.transparent_proxy) {
        let set = proxy.transparent_proxy.get_or_insert_default();
        if set.outbound_listener_port == 0 {
            set.outbound_listener_port = central.outbound_listener_port;
        }
        set.dialed_directly |= central.dialed_directly;
    }
    proxy.expose.checks |= own.expose.checks || everywhere.expose.checks;
    for central in [&own.expose.paths, &everywhere.expose.paths] {
        if proxy.expose.paths.is_empty() {
            proxy.expose.paths.clone_from(central);
        }
    }
    if proxy.access_logs.is_none() {
        // Plain data is always a value.
        proxy.access_logs = everywhere.access_logs.as_ref().and_then(|logs| serde_json::to_value(logs).ok());
    }
    if proxy.envoy_extensions.is_empty() {
        proxy.envoy_extensions = [everywhere.envoy_extensions.as_slice(), &own.envoy_extensions].concat();
    }
}

/// How the proxy intercepts, by who says it first.
pub(super) fn mode(proxy: &Proxy, own: &ServiceDefaults, everywhere: &ProxyDefaults) -> ProxyMode {
    let said = [proxy.mode, own.mode, everywhere.mode].into_iter().find(|mode| *mode != ProxyMode::Default);
    said.unwrap_or_default()
}

/// The first text that says something.
pub(super) fn first(texts: &[&str]) -> String {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or_default().to_owned()
}

/// Puts in what is not there, in maps inside too.
pub(super) fn fill(config: &mut Map<String, Value>, central: &Map<String, Value>) {
    for (key, value) in central {
        match (config.get_mut(key), value) {
            (None, _) => {
                config.insert(key.clone(), value.clone());
            }
            (Some(Value::Object(inner)), Value::Object(central)) => fill(inner, central),
            (Some(_), _) => {}
        }
    }
}
