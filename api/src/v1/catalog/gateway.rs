//! Which services stand behind which gateway.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weft_mesh::chain;
use weft_model::ServiceName;
use weft_model::acl::Wanted;
use weft_model::catalog::ServiceKind;
use weft_model::config_entry::{IngressGateway, IngressListener, Kind, LinkedService, TerminatingGateway};
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;

/// The service under which the servers themselves are listed.
const SERVERS: &str = "consul";
const ALL: &str = "*";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Name {
    name: String,
}

/// A service behind a gateway.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Link {
    gateway: Name,
    service: Name,
    gateway_kind: &'static str,
    #[serde(skip_serializing_if = "crate::wire::is_zero")]
    port: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    protocol: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    #[serde(rename = "CAFile", skip_serializing_if = "String::is_empty")]
    ca_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cert_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    key_file: String,
    #[serde(rename = "SNI", skip_serializing_if = "String::is_empty")]
    sni: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_wildcard: bool,
    create_index: u64,
    modify_index: u64,
}

/// The services behind a gateway, by name and port.
pub(crate) fn gateway_services(call: &Call, view: &StateView<'_>) -> Outcome {
    let gateway = call.path_name("Missing gateway name")?;
    call.require(view.state(), &access::service(gateway, Wanted::Read))?;
    let mut links = links(view, gateway);
    call.gate(view.state())?.retain(&mut links, |link| access::service(&link.service.name, Wanted::Read));
    Ok(Answer::json(links))
}

/// Each port of a service behind a gateway, with the host of its own if it has one. One behind a terminating gateway has none.
pub(crate) fn ports_behind(view: &StateView<'_>, gateway: &str) -> BTreeMap<ServiceName, Vec<(Option<String>, u16)>> {
    let mut found = BTreeMap::<ServiceName, Vec<_>>::new();
    for link in links(view, gateway) {
        let ports = found.entry(ServiceName::from(&link.service.name)).or_default();
        match link.hosts.as_slice() {
            _ if link.gateway_kind != Kind::IngressGateway.as_str() => {}
            [] => ports.push((None, link.port)),
            hosts => ports.extend(hosts.iter().map(|host| (Some(host.clone()), link.port))),
        }
    }
    found
}

/// The services behind any gateway.
pub(crate) fn behind_any(view: &StateView<'_>) -> BTreeSet<ServiceName> {
    let kinds = [Kind::IngressGateway, Kind::TerminatingGateway];
    let entries = kinds.into_iter().flat_map(|kind| view.config_entries(kind));
    entries.flat_map(|entry| ports_behind(view, entry.value.name()).into_keys()).collect()
}

fn links(view: &StateView<'_>, gateway: &str) -> Vec<Link> {
    let mut links = Vec::new();
    if let Some(entry) = view.config_entry(Kind::IngressGateway, gateway)
        && let Some(document) = entry.value.document::<IngressGateway>()
    {
        links.extend(ingress_links(view, document, (entry.create_index, entry.modify_index)));
    }
    if let Some(entry) = view.config_entry(Kind::TerminatingGateway, gateway)
        && let Some(document) = entry.value.document::<TerminatingGateway>()
    {
        links.extend(terminating_links(view, document, (entry.create_index, entry.modify_index)));
    }
    links.sort_by(|a, b| (&a.service.name, a.port).cmp(&(&b.service.name, b.port)));
    links
}

/// The ingress gateways that let a service in, by their names.
pub(crate) fn letting_in(view: &StateView<'_>, service: &ServiceName) -> BTreeSet<ServiceName> {
    let entries = view.config_entries(Kind::IngressGateway);
    let documents = entries.iter().filter_map(|entry| entry.value.document::<IngressGateway>());
    let letting = documents
        .filter(|gateway| gateway.listeners.iter().any(|listener| behind(view, listener).contains_key(service)));
    letting.map(|gateway| ServiceName::from(&gateway.name)).collect()
}

/// The services that are neither proxies nor gateways nor the servers themselves.
pub(crate) fn ordinary_services(view: &StateView<'_>) -> Vec<ServiceName> {
    let names = view.services(|_| true).into_keys().filter(|name| *name != SERVERS);
    let ordinary = |name: &ServiceName| {
        view.instances(name).iter().any(|instance| instance.service.value.kind == ServiceKind::Typical)
    };
    names.filter(ordinary).collect()
}

/// The services behind a port, with their hosts and whether the wildcard brought them. A name of its own goes before
/// the wildcard, which stands for all services that speak the port's protocol.
fn behind(view: &StateView<'_>, listener: &IngressListener) -> BTreeMap<ServiceName, (Vec<String>, bool)> {
    let mut found = BTreeMap::new();
    for service in &listener.services {
        if service.name == ALL {
            let fitting = ordinary_services(view)
                .into_iter()
                .filter(|name| chain::protocol(view, name).as_str() == listener.protocol);
            for name in fitting {
                found.entry(name).or_insert_with(|| (Vec::new(), true));
            }
        } else {
            let hosts = service.hosts.clone().unwrap_or_default();
            found.insert(ServiceName::from(&service.name), (hosts, false));
        }
    }
    found
}

fn ingress_links(view: &StateView<'_>, gateway: &IngressGateway, indexes: (u64, u64)) -> Vec<Link> {
    let mut links = Vec::new();
    for listener in &gateway.listeners {
        for (service, (hosts, from_wildcard)) in behind(view, listener) {
            let (port, protocol) = (listener.port, listener.protocol.clone());
            let link = Link::new(&gateway.name, Kind::IngressGateway, &service, indexes);
            links.push(Link { port, protocol, hosts, from_wildcard, ..link });
        }
    }
    links
}

fn terminating_links(view: &StateView<'_>, gateway: &TerminatingGateway, indexes: (u64, u64)) -> Vec<Link> {
    let mut found = BTreeMap::<ServiceName, (&LinkedService, bool)>::new();
    for linked in &gateway.services {
        if linked.name == ALL {
            for name in ordinary_services(view) {
                found.entry(name).or_insert((linked, true));
            }
        } else {
            found.insert(ServiceName::from(&linked.name), (linked, false));
        }
    }
    let link = |(service, (linked, from_wildcard)): (ServiceName, (&LinkedService, bool))| Link {
        ca_file: linked.ca_file.clone(),
        cert_file: linked.cert_file.clone(),
        key_file: linked.key_file.clone(),
        sni: linked.sni.clone(),
        from_wildcard,
        ..Link::new(&gateway.name, Kind::TerminatingGateway, &service, indexes)
    };
    found.into_iter().map(link).collect()
}

impl Link {
    fn new(gateway: &str, kind: Kind, service: &ServiceName, (create_index, modify_index): (u64, u64)) -> Self {
        Self {
            gateway: Name { name: gateway.to_owned() },
            service: Name { name: service.to_string() },
            gateway_kind: kind.as_str(),
            port: 0,
            protocol: String::new(),
            hosts: Vec::new(),
            ca_file: String::new(),
            cert_file: String::new(),
            key_file: String::new(),
            sni: String::new(),
            from_wildcard: false,
            create_index,
            modify_index,
        }
    }
}
