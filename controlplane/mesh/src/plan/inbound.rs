//! The inbound side of a sidecar: where it listens for peers and where its application is.

use std::sync::Arc;

use weft_model::ServiceName;
use weft_model::catalog::{Proxy, Service};
use weft_model::config_entry::{Protocol, ServiceDefaults};
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
    let config = Opaque::new(ABOUT, [&proxy.config, &defaults]);
    let mut notices = Vec::new();
    config.refuse(&["envoy_public_listener_json", "envoy_local_cluster_json"], &mut notices);
    if own.mutual_tls_mode == "permissive" {
        notices.push(Notice::new(ABOUT, "permissive mutual TLS is not supported yet; it stays strict"));
    }
    let sources = Sources {
        registered: Opaque::new(ABOUT, [&proxy.config]),
        own: &own,
        everywhere: Opaque::new(ABOUT, [&defaults]),
        general: mesh.chain(view, &plan.service).value.protocol,
    };
    let listens = bind(service, &config, &mut notices);
    let parts = listens.and_then(|bind| Ok(sources.parts(plan.service.clone(), bind, local(proxy)?, &mut notices)));
    plan.notices.append(&mut notices);
    match parts {
        Ok((inbound, app)) => {
            plan.parts.insert(Part::Inbound(Arc::new(inbound)));
            plan.parts.insert(Part::LocalApp(Arc::new(app)));
        }
        Err(reason) => plan.notice(ABOUT, format!("{reason}; the proxy accepts no connections")),
    }
}

/// Who says how a service is called: the registration first, then `service-defaults`, then
/// `proxy-defaults`.
struct Sources<'a> {
    registered: Opaque<'a>,
    own: &'a ServiceDefaults,
    everywhere: Opaque<'a>,
    /// The protocol of the service's chain, where `proxy-defaults` have been considered already.
    general: Protocol,
}

impl Sources<'_> {
    fn parts(&self, service: ServiceName, bind: Bind, local: Local, notices: &mut Vec<Notice>) -> (Inbound, LocalApp) {
        let Self { own, .. } = self;
        let set = |value: u64| (value > 0).then_some(value);
        let small = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
        let protocol = self.registered.text("protocol", notices).map_or(self.general, Protocol::parse);
        let mut number = |key: &str, own: Option<u64>| self.number(key, own, notices);
        let connect_timeout_ms = number("local_connect_timeout_ms", set(own.local_connect_timeout_ms)).and_then(set);
        let max_connections = number("max_inbound_connections", set(own.max_inbound_connections.into()));
        let app = LocalApp {
            local,
            protocol,
            connect_timeout_ms: connect_timeout_ms.unwrap_or(CONNECT_TIMEOUT_MS),
            max_connections: small(max_connections).filter(|max| *max > 0),
        };
        let inbound = Inbound {
            service,
            protocol,
            bind,
            request_timeout_ms: number("local_request_timeout_ms", set(own.local_request_timeout_ms)),
            idle_timeout_ms: number("local_idle_timeout_ms", None),
            // Envoy takes 1 to 8192.
            max_request_headers_kb: small(number("max_request_headers_kb", None)).filter(|kb| (1..=8192).contains(kb)),
            balance: self.balances(notices),
        };
        (inbound, app)
    }

    fn number(&self, key: &str, own: Option<u64>, notices: &mut Vec<Notice>) -> Option<u64> {
        self.registered.number(key, notices).or(own).or_else(|| self.everywhere.number(key, notices))
    }

    fn balances(&self, notices: &mut Vec<Notice>) -> bool {
        const KEY: &str = "balance_inbound_connections";
        let own = Some(self.own.balance_inbound_connections.as_str()).filter(|text| !text.is_empty());
        let text = self.registered.text(KEY, notices).or(own).or_else(|| self.everywhere.text(KEY, notices));
        text == Some("exact_balance")
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
