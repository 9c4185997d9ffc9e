//! A model of Envoy: subscribes to all clusters and listeners and to the children they name, warms
//! clusters, keeps its verdict on clusters back until they are warm, refuses what is bad.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use weft_xds::session::{Change, Fault, Protocol, Request, Response};
use weft_xds::set::{Name, PerType, Resource, ResourceType};

use crate::support::show;

use ResourceType::{Cluster, ClusterLoadAssignment, Listener, RouteConfiguration};

const TYPES: [ResourceType; 4] = [Cluster, ClusterLoadAssignment, Listener, RouteConfiguration];

/// How the client refuses.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// Its message tells which resources are bad.
    pub names_culprits: bool,
    /// It applies the good parts of what it refuses, as Envoy does.
    pub keeps_good_parts: bool,
}

impl Manners {
    /// Only then does the server know what a refusing client holds.
    pub fn are_envoys(self) -> bool {
        self.names_culprits && self.keeps_good_parts
    }
}

#[derive(Debug)]
pub struct Client {
    protocol: Protocol,
    manners: Manners,
    held: PerType<BTreeMap<Name, Arc<Resource>>>,
    asked: PerType<BTreeSet<Name>>,
    started: PerType<bool>,
    version: PerType<String>,
    nonce: PerType<String>,
    /// Names of which an answer may come though it says nothing new.
    expected: PerType<BTreeSet<Name>>,
    /// Names that were part of a refused response: their children may come once more, too.
    doubtful: PerType<BTreeSet<Name>>,
    warming: BTreeSet<Name>,
    late_verdict: Option<Request>,
    pub outbox: VecDeque<Request>,
}

impl Client {
    pub fn new(protocol: Protocol, manners: Manners) -> Self {
        let mut client = Self {
            protocol,
            manners,
            held: PerType::default(),
            asked: PerType::default(),
            started: PerType::default(),
            version: PerType::default(),
            nonce: PerType::default(),
            expected: PerType::default(),
            doubtful: PerType::default(),
            warming: BTreeSet::new(),
            late_verdict: None,
            outbox: VecDeque::new(),
        };
        client.connect();
        client
    }

    pub fn held(&self, of: ResourceType) -> &BTreeMap<Name, Arc<Resource>> {
        &self.held[of]
    }

    pub fn asked(&self, of: ResourceType) -> &BTreeSet<Name> {
        &self.asked[of]
    }

    pub fn is_warming(&self) -> bool {
        !self.warming.is_empty()
    }

    /// A new stream: everything wanted is asked for at once, with what is held.
    pub fn connect(&mut self) {
        self.outbox.clear();
        self.nonce = PerType::default();
        self.started = PerType::default();
        self.expected = PerType::default();
        // Envoy gives up warming by a timeout, with the endpoints it had.
        self.warming.clear();
        self.late_verdict = None;
        for of in TYPES {
            if of.kind().wildcard || !self.asked[of].is_empty() {
                self.ask(of, self.asked[of].clone(), BTreeSet::new());
            }
        }
    }

    pub fn receive(&mut self, response: Response) {
        let of = response.of;
        assert!(response.nonce != self.nonce[of], "a nonce came twice: {response:?}");
        self.nonce[of] = response.nonce.clone();
        if self.protocol == Protocol::Delta {
            self.assert_not_needless(&response);
        }
        let bad = |resource: &&Arc<Resource>| show(resource).ends_with("=bad");
        let culprits: Vec<_> = response.resources.iter().filter(bad).cloned().collect();
        if culprits.is_empty() || self.manners.keeps_good_parts {
            self.apply(&response, &culprits);
        }
        if !culprits.is_empty() {
            // The server cannot know what was kept of it.
            let names = response.resources.iter().map(|r| r.name().clone());
            self.expected[of].extend(names.chain(response.removed.iter().cloned()));
            response.resources.iter().for_each(|r| self.expect_again(r));
            if self.manners.keeps_good_parts {
                // Its version no longer tells what it has. Envoy tells it nevertheless; a server that
                // does not know this client yet must believe it.
                self.version[of].clear();
            }
            self.doubtful[of].extend(response.resources.iter().map(|r| r.name().clone()));
        } else {
            self.version[of] = response.version.to_string();
        }
        self.update_children(of);
        let verdict = self.verdict(of, &response.nonce, &culprits);
        match of == Cluster && self.is_warming() {
            true => self.late_verdict = Some(verdict),
            false => self.outbox.push_back(verdict),
        }
        self.release_verdict();
    }

    /// Endpoints that never come are given up.
    pub fn give_up_warming(&mut self) {
        self.warming.clear();
        self.release_verdict();
    }

    fn release_verdict(&mut self) {
        if self.warming.is_empty() {
            self.outbox.extend(self.late_verdict.take());
        }
    }

    fn apply(&mut self, response: &Response, culprits: &[Arc<Resource>]) {
        let of = response.of;
        let is_bad = |name: &Name| culprits.iter().any(|bad| bad.name() == name);
        if self.protocol == Protocol::Sotw && of.kind().wildcard {
            let named = |name: &Name| response.resources.iter().any(|r| r.name() == name);
            self.held[of].retain(|name, _| named(name));
        }
        let asked = &self.asked[of];
        let wanted = |name: &Name| of.kind().wildcard || asked.contains(name);
        let good = response.resources.iter().filter(|r| !is_bad(r.name()));
        let good: Vec<_> = good.filter(|r| wanted(r.name())).cloned().collect();
        for resource in &good {
            let name = resource.name().clone();
            let old = self.held[of].insert(name.clone(), resource.clone());
            let changed = old.is_none_or(|old| old != *resource);
            if self.doubtful[of].remove(&name) {
                self.expect_again(resource);
            }
            if changed && matches!(of, Cluster | Listener) {
                self.expect_children(resource);
            }
            if of == ClusterLoadAssignment {
                self.warm(&name);
            }
        }
        for name in &response.removed {
            self.held[of].remove(name);
            if of == ClusterLoadAssignment {
                self.warm(name);
            }
        }
        let held = &self.held[Cluster];
        self.warming.retain(|name| held.contains_key(name));
    }

    fn expect_again(&mut self, parent: &Arc<Resource>) {
        for child in parent.refs() {
            self.expected[child.of].insert(child.name.clone());
        }
    }

    fn expect_children(&mut self, parent: &Arc<Resource>) {
        let children = parent.refs().iter().filter(|child| child.of.kind().parent == Some(parent.resource_type()));
        for child in children {
            self.expected[child.of].insert(child.name.clone());
            if child.of == ClusterLoadAssignment {
                self.warming.insert(parent.name().clone());
            }
        }
    }

    /// Endpoints came; in this model they are named after their cluster.
    fn warm(&mut self, endpoints: &Name) {
        self.warming.remove(endpoints);
    }

    fn update_children(&mut self, parent: ResourceType) {
        let Some(of) = TYPES.into_iter().find(|of| of.kind().parent == Some(parent)) else {
            return;
        };
        let parents = self.held[parent].values();
        let pointers = parents.flat_map(|resource| resource.refs());
        let wanted: BTreeSet<Name> =
            pointers.filter(|pointer| pointer.of == of).map(|pointer| pointer.name.clone()).collect();
        let added: BTreeSet<Name> = wanted.difference(&self.asked[of]).cloned().collect();
        let dropped: BTreeSet<Name> = self.asked[of].difference(&wanted).cloned().collect();
        self.asked[of] = wanted;
        self.held[of].retain(|name, _| !dropped.contains(name));
        if !added.is_empty() || !dropped.is_empty() {
            self.ask(of, added, dropped);
        }
    }

    fn ask(&mut self, of: ResourceType, added: BTreeSet<Name>, dropped: BTreeSet<Name>) {
        let first = !std::mem::replace(&mut self.started[of], true);
        self.expected[of].extend(added.iter().cloned());
        let strings = |names: &BTreeSet<Name>| names.iter().map(|n| n.to_string()).collect();
        let change = match self.protocol {
            Protocol::Delta => Change::Delta {
                subscribe: strings(&added),
                unsubscribe: strings(&dropped),
                initial: match first {
                    true => self.versions(of),
                    false => HashMap::new(),
                },
            },
            Protocol::Sotw => Change::Sotw { names: strings(&self.asked[of]), version: self.version[of].clone() },
        };
        let nonce = match self.protocol {
            Protocol::Delta => String::new(),
            Protocol::Sotw => self.nonce[of].clone(),
        };
        self.outbox.push_back(Request { of, nonce, fault: None, change });
    }

    fn versions(&self, of: ResourceType) -> HashMap<String, String> {
        let held = self.held[of].iter();
        held.map(|(name, resource)| (name.to_string(), resource.version().to_string())).collect()
    }

    fn verdict(&self, of: ResourceType, nonce: &str, culprits: &[Arc<Resource>]) -> Request {
        let names: Vec<_> = culprits.iter().map(|r| r.name().to_string()).collect();
        let message = match self.manners.names_culprits {
            true => format!("Error adding/updating {}: odd", names.join(", ")),
            false => "odd".to_owned(),
        };
        Request {
            of,
            nonce: nonce.to_owned(),
            fault: (!culprits.is_empty()).then_some(Fault { code: 13, message }),
            change: match self.protocol {
                Protocol::Delta => Change::Delta { subscribe: vec![], unsubscribe: vec![], initial: HashMap::new() },
                Protocol::Sotw => Change::Sotw {
                    names: self.asked[of].iter().map(|n| n.to_string()).collect(),
                    version: self.version[of].clone(),
                },
            },
        }
    }

    /// What is sent must be new, or asked for, or follow a parent.
    fn assert_not_needless(&mut self, response: &Response) {
        let of = response.of;
        for resource in &response.resources {
            let asked = self.expected[of].remove(resource.name());
            let new = self.held[of].get(resource.name()) != Some(resource);
            assert!(asked || new, "needless: {resource:?}");
        }
        for name in &response.removed {
            let asked = self.expected[of].remove(name);
            let unsure = !self.manners.are_envoys();
            let held = self.held[of].contains_key(name);
            assert!(asked || held || unsure, "needless removal: {of:?} {name}");
        }
    }

    /// No listener and no route points to a cluster that is not there.
    pub fn assert_no_dangling(&self) {
        for of in [Listener, RouteConfiguration] {
            for resource in self.held[of].values() {
                let pointers = resource.refs().iter().filter(|pointer| pointer.of == Cluster);
                for pointer in pointers {
                    assert!(
                        self.held[Cluster].contains_key(&pointer.name),
                        "{resource:?} points to {} which is not among {:?}",
                        pointer.name,
                        self.held[Cluster].keys()
                    );
                }
            }
        }
    }
}
