//! From entries to nodes: routers and splitters. What was met is kept, so that each node is made once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::target::Place;
use super::{CompiledChain, CompiledRoute, CompiledSplit, Entries, Node, NodeKind, Request, STEPS_MAX, Target, graph};
use crate::config_entry::{
    ConfigEntry, Document, PROXY_DEFAULTS_NAME, Protocol, ProxyDefaults, Route, RouteDestination, RouteHttpMatch,
    RouteMatch, ServiceDefaults, ServiceRouter, ServiceSplitter,
};

pub(super) struct Compiler<'a> {
    entries: &'a dyn Entries,
    pub(super) request: &'a Request,
    /// Of the first service that was met; all others must speak it, too.
    protocol: Option<String>,
    /// A router or a splitter takes part.
    is_advanced: bool,
    /// How many splitters are being made within each other.
    depth: usize,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) targets: BTreeMap<String, Target>,
    /// Which overrides have changed anything.
    customized: Vec<String>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(entries: &'a dyn Entries, request: &'a Request) -> Self {
        Self {
            entries,
            request,
            protocol: None,
            is_advanced: false,
            depth: 0,
            nodes: BTreeMap::new(),
            targets: BTreeMap::new(),
            customized: Vec::new(),
        }
    }

    pub(super) fn compile(mut self) -> Result<CompiledChain, String> {
        let service = self.request.service.clone();
        self.meet(&service)?;
        let start = match self.router(&service)? {
            Some(key) => key,
            None => self.splitter_or_resolver(&self.place(&service, ""))?,
        };
        let mut protocol = self.protocol.clone().unwrap_or_default();
        if self.is_advanced && !Protocol::parse(&protocol).is_http() {
            return Err(format!(
                "discovery chain {service:?} uses a protocol {protocol:?} that does not permit advanced routing or splitting behavior"
            ));
        }
        let wanted = &self.request.overrides.protocol;
        if !wanted.is_empty() && *wanted != protocol {
            self.customized.push(format!("protocol={wanted}"));
            protocol.clone_from(wanted);
        }
        graph::refuse_circles(&self.nodes, &start)?;
        graph::flatten(&mut self.nodes).map_err(|why| format!("discovery chain {service:?} {why}"))?;
        graph::drop_unused(&mut self.nodes, &mut self.targets, &start);
        let resolver = self.nodes.get(&start).and_then(|node| node.resolver.as_ref());
        let target =
            resolver.filter(|resolver| resolver.default).and_then(|resolver| self.targets.get(&resolver.target));
        Ok(CompiledChain {
            default: target.is_some_and(|target| target.service == service),
            service_name: service,
            namespace: "default",
            partition: "default",
            datacenter: self.request.datacenter.clone(),
            customization_hash: hash(&mut self.customized),
            protocol,
            start_node: start,
            nodes: self.nodes,
            targets: self.targets,
        })
    }

    pub(super) fn document<T: Document + Clone>(&self, name: &str) -> Option<T> {
        let entry: Arc<ConfigEntry> = self.entries.entry(T::KIND, name)?;
        T::of(&entry).cloned()
    }

    fn place(&self, service: &str, subset: &str) -> Place {
        Place {
            service: service.to_owned(),
            subset: subset.to_owned(),
            datacenter: self.request.datacenter.clone(),
            peer: String::new(),
        }
    }

    /// All services of a chain speak one protocol.
    pub(super) fn meet(&mut self, service: &str) -> Result<(), String> {
        let own = self.document::<ServiceDefaults>(service).map(|defaults| defaults.protocol);
        let protocol = own.filter(|protocol| !protocol.is_empty()).or_else(|| {
            let defaults = self.document::<ProxyDefaults>(PROXY_DEFAULTS_NAME)?;
            Some(defaults.config.get("protocol")?.as_str()?.to_owned())
        });
        let protocol =
            protocol.filter(|protocol| !protocol.is_empty()).unwrap_or_else(|| "tcp".to_owned()).to_lowercase();
        match &self.protocol {
            Some(known) if *known != protocol => Err(format!(
                "discovery chain {:?} uses inconsistent protocols; service {service:?} has {protocol:?} which is not {known:?}",
                self.request.service
            )),
            Some(_) => Ok(()),
            None => {
                self.protocol = Some(protocol);
                Ok(())
            }
        }
    }

    /// An override to a protocol without requests leaves routers and splitters out.
    fn routes_requests(&self) -> bool {
        let wanted = &self.request.overrides.protocol;
        wanted.is_empty() || Protocol::parse(wanted).is_http()
    }

    /// The node of the service's router, if it has one.
    fn router(&mut self, service: &str) -> Result<Option<String>, String> {
        let router = self.document::<ServiceRouter>(service).filter(|_| self.routes_requests());
        let Some(router) = router else { return Ok(None) };
        self.is_advanced = true;
        let mut node = Node::new(NodeKind::Router, format!("{service}.default.default"));
        for definition in router.routes.into_iter().chain([all_else(service)]) {
            let (named, subset) = match &definition.destination {
                Some(to) => (or(&to.service, service), to.service_subset.as_str()),
                None => (service, ""),
            };
            let place = self.place(named, subset);
            let next_node = if subset.is_empty() { self.splitter_or_resolver(&place)? } else { self.resolver(place)? };
            node.routes.push(CompiledRoute { definition, next_node });
        }
        Ok(Some(self.keep(node)))
    }

    fn splitter_or_resolver(&mut self, place: &Place) -> Result<String, String> {
        match self.splitter(&place.service)? {
            Some(key) => Ok(key),
            None => self.resolver(place.clone()),
        }
    }

    /// The node of the service's splitter, if it has one.
    fn splitter(&mut self, service: &str) -> Result<Option<String>, String> {
        let mut node = Node::new(NodeKind::Splitter, format!("{service}.default.default"));
        let key = node.key();
        if self.nodes.contains_key(&key) {
            return Ok(Some(key));
        }
        let splitter = self.document::<ServiceSplitter>(service).filter(|_| self.routes_requests());
        let Some(splitter) = splitter else { return Ok(None) };
        self.is_advanced = true;
        self.deeper()?;
        // Whoever comes back to it while it is being made has found a circle, which is told later.
        self.keep(node.clone());
        for definition in splitter.splits {
            let named = or(&definition.service, service).to_owned();
            let is_elsewhere = named != service && definition.service_subset.is_empty();
            let split_again = if is_elsewhere { self.splitter(&named)? } else { None };
            let next_node = match split_again {
                Some(key) => key,
                None => self.resolver(self.place(&named, &definition.service_subset))?,
            };
            node.splits.push(CompiledSplit { weight: definition.weight, definition, next_node });
        }
        self.depth -= 1;
        Ok(Some(self.keep(node)))
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth <= STEPS_MAX {
            return Ok(());
        }
        Err(format!("discovery chain {:?} has more than {STEPS_MAX} splitters in a row", self.request.service))
    }

    pub(super) fn customize(&mut self, how: String) {
        if !self.customized.contains(&how) {
            self.customized.push(how);
        }
    }

    pub(super) fn keep(&mut self, node: Node) -> String {
        let key = node.key();
        self.nodes.insert(key.clone(), node);
        key
    }
}

fn or<'a>(named: &'a str, own: &'a str) -> &'a str {
    if named.is_empty() { own } else { named }
}

/// What no route of a router has taken goes to its own service.
fn all_else(service: &str) -> Route {
    let http = RouteHttpMatch { path_prefix: "/".to_owned(), ..RouteHttpMatch::default() };
    Route {
        criteria: Some(RouteMatch { http: Some(http) }),
        destination: Some(RouteDestination {
            service: service.to_owned(),
            namespace: "default".to_owned(),
            partition: "default".to_owned(),
            ..RouteDestination::default()
        }),
    }
}

/// Eight hexadecimal digits that tell overrides apart (FNV-1a); none for nothing.
fn hash(customized: &mut [String]) -> String {
    if customized.is_empty() {
        return String::new();
    }
    customized.sort();
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", customized.join(";").bytes().fold(0x811c_9dc5, step))
}
