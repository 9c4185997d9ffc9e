//! The inbound side of a sidecar: where it listens for peers and where its application is.

use std::sync::Arc;

use weft_model::ServiceName;
use weft_model::catalog::{Proxy, Service};
use weft_model::config_entry::Protocol;
use weft_state::StateView;

use super::{Part, Plan};
use crate::address::{Bind, Local};
use crate::opaque::Opaque;
use crate::{Mesh, Notice};

const ABOUT: &str = "public listener";
const CONNECT_TIMEOUT_MS: u64 = 5000;

/// The public listener of a sidecar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inbound {
    /// Who is called: its intentions decide.
    pub service: ServiceName,
    pub protocol: Protocol,
    pub bind: Bind,
    /// `None`: the protocol's default; 0: no limit.
    pub request_timeout_ms: Option<u64>,
    pub idle_timeout_ms: Option<u64>,
    pub max_request_headers_kb: Option<u32>,
    /// Spread connections evenly over the proxy's threads.
    pub balance: bool,
}

/// The application behind a sidecar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalApp {
    pub local: Local,
    pub protocol: Protocol,
    pub connect_timeout_ms: u64,
    pub max_connections: Option<u32>,
}

/// Adds the inbound parts. A listener that cannot be made is left out: then nobody gets in.
pub(super) fn add(plan: &mut Plan, mesh: &Mesh, view: &StateView<'_>, service: &Service, proxy: &Proxy) {
    let defaults = view.proxy_defaults().map(|defaults| defaults.config).unwrap_or_default();
    let own = view.service_defaults(plan.service.as_str()).unwrap_or_default();
    let general = mesh.chain(view, &plan.service).value.protocol;
    let mut notices = Vec::new();
    // `protocol` of proxy-defaults has been considered in the chain already.
    let registered = Opaque::new(ABOUT, [&proxy.config]);
    let everywhere = Opaque::new(ABOUT, [&defaults]);
    let protocol = registered.text("protocol", &mut notices).map_or(general, Protocol::parse);
    let set = |value: u64| (value > 0).then_some(value);
    let mut number = |key: &str, own: Option<u64>| {
        registered.number(key, &mut notices).or(own).or_else(|| everywhere.number(key, &mut notices))
    };
    let connect_timeout_ms = number("local_connect_timeout_ms", set(own.local_connect_timeout_ms));
    let request_timeout_ms = number("local_request_timeout_ms", set(own.local_request_timeout_ms));
    let idle_timeout_ms = number("local_idle_timeout_ms", None);
    let max_connections = number("max_inbound_connections", set(own.max_inbound_connections.into()));
    let max_connections = max_connections.and_then(|max| u32::try_from(max).ok()).filter(|max| *max > 0);
    // Envoy takes 1 to 8192.
    let max_request_headers_kb = number("max_request_headers_kb", None).and_then(|kb| u32::try_from(kb).ok());
    let max_request_headers_kb = max_request_headers_kb.filter(|kb| (1..=8192).contains(kb));
    let balance = registered.text("balance_inbound_connections", &mut notices);
    let balance = balance.or(Some(own.balance_inbound_connections.as_str()).filter(|text| !text.is_empty()));
    let balance = balance.or_else(|| everywhere.text("balance_inbound_connections", &mut notices));
    let config = Opaque::new(ABOUT, [&proxy.config, &defaults]);
    config.refuse(&["envoy_public_listener_json", "envoy_local_cluster_json"], &mut notices);
    if own.mutual_tls_mode == "permissive" {
        notices.push(Notice::new(ABOUT, "permissive mutual TLS is not supported yet; it stays strict"));
    }
    let listens = bind(service, &config, &mut notices);
    plan.notices.append(&mut notices);

    match (listens, local(proxy)) {
        (Ok(bind), Ok(local)) => {
            let inbound = Inbound {
                service: plan.service.clone(),
                protocol,
                bind,
                request_timeout_ms,
                idle_timeout_ms,
                max_request_headers_kb,
                balance: balance == Some("exact_balance"),
            };
            let connect_timeout_ms = connect_timeout_ms.filter(|ms| *ms > 0).unwrap_or(CONNECT_TIMEOUT_MS);
            let app = LocalApp { local, protocol, connect_timeout_ms, max_connections };
            plan.parts.insert(Part::Inbound(Arc::new(inbound)));
            plan.parts.insert(Part::LocalApp(Arc::new(app)));
        }
        (Err(reason), _) | (Ok(_), Err(reason)) => {
            plan.notice(ABOUT, format!("{reason}; the proxy accepts no connections"));
        }
    }
}

fn bind(service: &Service, config: &Opaque<'_>, notices: &mut Vec<Notice>) -> Result<Bind, String> {
    if !service.socket_path.is_empty() && service.port == 0 {
        return Ok(Bind::Pipe { path: service.socket_path.clone(), mode: 0 });
    }
    let registered = if service.address.is_empty() { "0.0.0.0" } else { &service.address };
    let address = config.text("bind_address", notices).unwrap_or(registered);
    let port = config.port("bind_port", notices).filter(|port| *port > 0).unwrap_or(service.port);
    Bind::tcp(address, port)
}

fn local(proxy: &Proxy) -> Result<Local, String> {
    if !proxy.local_service_socket_path.is_empty() {
        return Ok(Local::Pipe { path: proxy.local_service_socket_path.clone() });
    }
    let host = if proxy.local_service_address.is_empty() { "127.0.0.1" } else { &proxy.local_service_address };
    match proxy.local_service_port {
        0 => Err("the application has no port (Proxy.LocalServicePort)".into()),
        port => Ok(Local::Tcp { host: host.to_owned(), port }),
    }
}
