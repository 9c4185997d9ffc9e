//! Whom a service calls and who calls it, as far as registrations and intentions tell.
//!
//! ```text
//! upstreams of its proxies ───────────────────┐
//! intentions, where a proxy takes all calls ──┴─> names, each with its source ─> in short, with the intention that decides
//! ```

use std::collections::BTreeMap;

use weft_mesh::{authz, chain};
use weft_model::ServiceName;
use weft_model::acl::Wanted;
use weft_model::catalog::{DestinationType, Proxy, ServiceKind};
use weft_model::config_entry::{IngressGateway, Kind, ServiceIntentions};
use weft_model::intention::{Action, DefaultPolicy, Intention, Rule};
use weft_model::names::WILDCARD;
use weft_state::{Instance, StateView};

use super::summary::{EXTERNAL_SOURCE, summary_with};
use crate::access::{self, Gate};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::v1::catalog::gateway;
use crate::v1::discovery_chain;
use crate::wire::ui::{Decision, Neighbour, Source, Summary, Topology};

/// The kinds of which there is one.
pub(crate) const KINDS: &[&str] = &["", "ingress-gateway"];

/// The neighbours of a service or an ingress gateway.
pub(crate) fn topology(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Missing service name")?;
    let kind = call.query.get("kind").ok_or_else(|| Refusal::bad_request("Missing service kind"))?;
    if !KINDS.contains(&kind) {
        return Err(Refusal::bad_request(format!("Unsupported service kind {kind:?}")));
    }
    call.require(view.state(), &access::service(name, Wanted::Read))?;
    let name = ServiceName::from(name);
    let around = Around { call, view, gate: call.gate(view.state())?, sidecars: sidecars(view) };
    let is_gateway = kind == "ingress-gateway";
    let upstreams = if is_gateway { around.behind(&name) } else { around.upstreams(&name) };
    let downstreams = if is_gateway { BTreeMap::new() } else { around.downstreams(&name) };
    let upstreams = upstreams.into_iter().filter_map(|(to, source)| around.shown(&to, source, &name, &to));
    let mut upstreams: Vec<_> = upstreams.collect();
    upstreams.sort_by_key(|shown| shown.source == Source::Routing);
    let downstreams = downstreams.into_iter().filter_map(|(from, source)| around.shown(&from, source, &from, &name));
    Ok(Answer::json(Topology {
        protocol: if is_gateway {
            around.outer_protocol(&name)
        } else {
            chain::protocol(view, &name).as_str().to_owned()
        },
        transparent_proxy: around.is_transparent(&name),
        upstreams,
        downstreams: downstreams.collect(),
        filtered_by_acls: call.marks.has_hidden(),
    }))
}

/// What there is around the service.
struct Around<'a> {
    call: &'a Call,
    view: &'a StateView<'a>,
    gate: Gate<'a>,
    /// By what they stand for.
    sidecars: BTreeMap<ServiceName, Vec<Instance>>,
}

fn sidecars(view: &StateView<'_>) -> BTreeMap<ServiceName, Vec<Instance>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for sidecar in view.instances_of(ServiceKind::ConnectProxy) {
        if let Some(proxy) = proxy(&sidecar) {
            found.entry(proxy.destination_service_name.clone()).or_default().push(sidecar);
        }
    }
    found
}

type Names = BTreeMap<ServiceName, Source>;

impl Around<'_> {
    /// What the service's proxies name, and where they take all calls what it may call.
    fn upstreams(&self, name: &ServiceName) -> Names {
        let mut found: Names =
            self.proxies(name).flat_map(named).map(|to| (to.clone(), Source::Registration)).collect();
        if self.calls_by_intentions(name) {
            let served = |other: &ServiceName| !self.view.connect_instances(other).is_empty();
            for other in self.others(name).into_iter().filter(served) {
                if let Some(source) = self.allowed(name, &other) {
                    found.entry(other).or_insert(source);
                }
            }
        }
        found
    }

    /// Whose proxies or gateways lead to the service, and who may call it where proxies take all calls.
    fn downstreams(&self, name: &ServiceName) -> Names {
        let mut leading = BTreeMap::<ServiceName, bool>::new();
        let mut leads = |to: &ServiceName| *leading.entry(to.clone()).or_insert_with(|| self.leads(to, name));
        let mut found = Names::new();
        for (from, sidecars) in &self.sidecars {
            if sidecars.iter().filter_map(proxy).flat_map(named).any(&mut leads) {
                found.insert(from.clone(), Source::Registration);
            }
        }
        found.extend(gateway::letting_in(self.view, name).into_iter().map(|gateway| (gateway, Source::Registration)));
        if !self.view.connect_instances(name).is_empty() {
            for other in self.others(name).into_iter().filter(|other| self.calls_by_intentions(other)) {
                if let Some(source) = self.allowed(&other, name) {
                    found.entry(other).or_insert(source);
                }
            }
        }
        found
    }

    /// The services behind an ingress gateway.
    fn behind(&self, gateway: &ServiceName) -> Names {
        let behind = gateway::ports_behind(self.view, gateway.as_str());
        behind.into_keys().map(|service| (service, Source::Registration)).collect()
    }

    fn others(&self, name: &ServiceName) -> Vec<ServiceName> {
        let mut others = gateway::ordinary_services(self.view);
        others.retain(|other| other != name);
        others
    }

    fn proxies(&self, name: &ServiceName) -> impl Iterator<Item = &Proxy> {
        self.sidecars.get(name).into_iter().flatten().filter_map(proxy)
    }

    /// Whether all proxies of a service take all calls, and there are some.
    fn is_transparent(&self, name: &ServiceName) -> bool {
        self.proxies(name).next().is_some() && self.proxies(name).all(Proxy::is_transparent)
    }

    /// Whether intentions alone tell whom it calls: no upstream has to be named.
    fn calls_by_intentions(&self, name: &ServiceName) -> bool {
        let is_native = |found: &Instance| found.service.value.native;
        self.proxies(name).any(Proxy::is_transparent) || self.view.instances(name).iter().any(is_native)
    }

    /// Whether calls to `to` come to `name`: it is the same, or its chain leads there.
    fn leads(&self, to: &ServiceName, name: &ServiceName) -> bool {
        let chain = || discovery_chain::plain(self.call, self.view, to.as_str()).ok();
        to == name || chain().is_some_and(|chain| chain.targets.values().any(|target| *name == *target.service))
    }

    fn outer_protocol(&self, gateway: &ServiceName) -> String {
        let entry = self.view.config_entry(Kind::IngressGateway, gateway.as_str());
        let document = entry.as_ref().and_then(|entry| entry.value.document::<IngressGateway>());
        let first = document.and_then(|gateway| gateway.listeners.first());
        first.map_or_else(|| "tcp".to_owned(), |listener| listener.protocol.clone())
    }

    /// Why a call is allowed; `None`: it is not.
    fn allowed(&self, from: &ServiceName, to: &ServiceName) -> Option<Source> {
        let decision = self.decision(from, to);
        let source = match self.deciding(from, to) {
            Some(_) if decision.has_exact => Source::SpecificIntention,
            Some(_) => Source::WildcardIntention,
            None => Source::DefaultAllow,
        };
        decision.allowed.then_some(source)
    }

    fn deciding(&self, from: &ServiceName, to: &ServiceName) -> Option<Intention> {
        authz::deciding(&self.view.intentions_to(to), from).cloned()
    }

    fn decision(&self, from: &ServiceName, to: &ServiceName) -> Decision {
        let default_allow = self.call.host.agent.default_policy == DefaultPolicy::Allow;
        let Some(intention) = self.deciding(from, to) else {
            return Decision { default_allow, allowed: default_allow, ..Decision::default() };
        };
        Decision {
            default_allow,
            allowed: intention.rule == Rule::Action(Action::Allow),
            has_permissions: matches!(intention.rule, Rule::Permissions(_)),
            external_source: self.written_by(&intention),
            has_exact: intention.source != WILDCARD && intention.destination != WILDCARD,
        }
    }

    /// What wrote an intention, where it says so.
    fn written_by(&self, intention: &Intention) -> String {
        let entry = self.view.config_entry(Kind::ServiceIntentions, intention.destination.as_str());
        let document = entry.as_ref().and_then(|entry| entry.value.document::<ServiceIntentions>());
        let meta = intention.legacy.as_ref().map(|legacy| &legacy.meta).or(document.map(|entry| &entry.meta));
        meta.and_then(|meta| meta.get(EXTERNAL_SOURCE)).cloned().unwrap_or_default()
    }

    /// A neighbour in short, with what decides about calls from `from` to `to`. Nothing without instances that may be
    /// seen, but for names that only lead elsewhere.
    fn shown(&self, name: &ServiceName, source: Source, from: &ServiceName, to: &ServiceName) -> Option<Neighbour> {
        let mut instances = self.view.instances(name);
        let is_known = !instances.is_empty();
        self.gate.instances(&mut instances);
        let kinds = [ServiceKind::Typical, ServiceKind::IngressGateway];
        instances.retain(|instance| kinds.contains(&instance.service.value.kind));
        let datacenter = self.call.host.agent.node.datacenter.as_str();
        let intention = self.decision(from, to);
        if !instances.is_empty() {
            let mut proxies = self.sidecars.get(name).cloned().unwrap_or_default();
            self.gate.instances(&mut proxies);
            return Some(Neighbour {
                summary: summary_with(name.as_str(), datacenter, &instances, &proxies),
                source,
                intention,
            });
        }
        let leads_elsewhere = || {
            let chain = discovery_chain::plain(self.call, self.view, name.as_str());
            chain.is_ok_and(|chain| !chain.default)
        };
        let may_see = || self.gate.shows(&access::service(name.as_str(), Wanted::Read));
        if is_known || name != to || !leads_elsewhere() || !may_see() {
            return None;
        }
        let summary = Summary { name: name.to_string(), datacenter: datacenter.to_owned(), ..Summary::default() };
        Some(Neighbour { summary, source: Source::Routing, intention })
    }
}

fn proxy(sidecar: &Instance) -> Option<&Proxy> {
    sidecar.service.value.proxy.as_deref()
}

/// The services of this cluster that a proxy has upstreams for.
fn named(proxy: &Proxy) -> impl Iterator<Item = &ServiceName> {
    let here = proxy.upstreams.iter().filter(|upstream| {
        upstream.destination_type == DestinationType::Service && upstream.destination_peer.is_empty()
    });
    here.map(|upstream| &upstream.destination_name)
}
