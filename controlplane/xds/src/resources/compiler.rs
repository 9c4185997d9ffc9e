//! One proxy's resources, kept up to date part by part.
//!
//! ```text
//! topics that fired ─> the plan, or the parts that read them ─> SharedResources ─> ResourceSet
//! ```
//!
//! Until the proxy is registered, peers can be verified and its own certificate is there, it has no set
//! at all: an incomplete one would take from a proxy what it runs with. For the same reason the last set
//! stays when the registration goes; what becomes of the stream then is the server's to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weft_mesh::memo::Derived;
use weft_mesh::{Notice, Part, Plan, ProxyId, Standing};
use weft_model::ca::Leaf;
use weft_model::{ServiceName, Topic};
use weft_state::{State, StateView};

use super::secret;
use super::shared::{Compiled, SharedResources};
use crate::set::{Resource, ResourceSet};

/// Compiles for one proxy.
#[derive(Debug)]
pub struct ProxyCompiler {
    shared: Arc<SharedResources>,
    proxy: ProxyId,
    plan: Option<Derived<Option<Plan>>>,
    trusted: bool,
    parts: BTreeMap<Part, Compiled>,
    /// Which parts read a topic.
    readers: BTreeMap<Topic, BTreeSet<Part>>,
    /// Shared with whoever waits for them: as long as it is the same set, it is the same value.
    topics: Arc<BTreeSet<Topic>>,
    /// Something reads other topics than it did.
    rewired: bool,
    leaf: Option<(ServiceName, Arc<Resource>)>,
    set: ResourceSet,
    offered: Option<ResourceSet>,
}

/// What an update changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Update {
    /// There is a new set to offer.
    pub resources: bool,
    /// There are other topics to wait for.
    pub topics: bool,
}

impl ProxyCompiler {
    /// A compiler that has read nothing yet; the first update reads everything.
    #[must_use]
    pub fn new(shared: Arc<SharedResources>, proxy: ProxyId) -> Self {
        Self {
            shared,
            proxy,
            plan: None,
            trusted: false,
            parts: BTreeMap::new(),
            readers: BTreeMap::new(),
            topics: Arc::default(),
            rewired: true,
            leaf: None,
            set: ResourceSet::default(),
            offered: None,
        }
    }

    /// Brings everything up to `state`. `fired` are the topics that changed since the last update; what
    /// read none of them stays.
    pub fn update(&mut self, state: &State, fired: &BTreeSet<Topic>) -> Update {
        let concerned = |reads: &BTreeSet<Topic>| !reads.is_disjoint(fired);
        let mut stale: BTreeSet<Part> =
            fired.iter().filter_map(|topic| self.readers.get(topic)).flatten().cloned().collect();
        if self.plan.as_ref().is_none_or(|plan| concerned(&plan.reads.topics)) {
            let plan = self.shared.plan(state, &self.proxy);
            stale.extend(self.follow(&plan));
            self.rewired = true;
            self.plan = Some(plan);
        }
        for part in stale.into_iter().filter(|part| self.plans(part)).collect::<Vec<_>>() {
            let compiled = self.shared.part(state, &part);
            self.put(part, compiled);
        }
        self.trusted = self.shared.mesh().trust(&StateView::new(state)).value.is_some();
        self.offer()
    }

    /// Hands over the proxy's certificate: the first one, and each that renews it.
    pub fn set_leaf(&mut self, leaf: &Leaf) -> Update {
        let resource = Arc::new(secret::leaf(leaf));
        self.set.insert(Arc::clone(&resource));
        self.leaf = Some((leaf.service.clone(), resource));
        self.offer()
    }

    /// Which proxy this is for.
    #[must_use]
    pub fn proxy(&self) -> &ProxyId {
        &self.proxy
    }

    /// The service that the proxy stands for: whose certificate it needs. `None` when it is not registered.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        self.current().map(|plan| &plan.service)
    }

    /// How things stand with the proxy. Ready does not mean that its certificate is there.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.current(), self.trusted) {
            (None, _) => Standing::Unregistered,
            (Some(_), false) => Standing::Untrusted,
            (Some(_), true) => Standing::Ready,
        }
    }

    /// The set to offer: the newest one that was complete.
    #[must_use]
    pub fn resources(&self) -> Option<&ResourceSet> {
        self.offered.as_ref()
    }

    /// The topics to wait for before the next update.
    #[must_use]
    pub fn topics(&self) -> &Arc<BTreeSet<Topic>> {
        &self.topics
    }

    /// What was left out or done otherwise than asked.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let own = self.current().into_iter().flat_map(|plan| &plan.notices);
        let of_parts = self.parts.values().flat_map(|part| &part.value.notices);
        own.chain(of_parts).cloned().collect()
    }

    fn current(&self) -> Option<&Plan> {
        self.plan.as_ref()?.value.as_ref()
    }

    fn plans(&self, part: &Part) -> bool {
        self.parts.contains_key(part) || self.current().is_some_and(|plan| plan.parts.contains(part))
    }

    /// Drops the parts that a new plan does not have; returns those that it adds. The parts of a proxy
    /// that is gone stay.
    fn follow(&mut self, plan: &Derived<Option<Plan>>) -> Vec<Part> {
        let Some(plan) = plan.value.as_ref() else { return Vec::new() };
        let gone: Vec<Part> = self.parts.keys().filter(|part| !plan.parts.contains(part)).cloned().collect();
        for part in gone {
            self.take(&part);
        }
        plan.parts.iter().filter(|part| !self.parts.contains_key(part)).cloned().collect()
    }

    fn take(&mut self, part: &Part) {
        if let Some(former) = self.parts.remove(part) {
            self.forget(part, &former);
        }
    }

    fn forget(&mut self, part: &Part, former: &Compiled) {
        for topic in &former.reads.topics {
            if let Some(parts) = self.readers.get_mut(topic) {
                parts.remove(part);
                if parts.is_empty() {
                    self.readers.remove(topic);
                }
            }
        }
        self.drop_resources(former);
    }

    fn drop_resources(&mut self, former: &Compiled) {
        for resource in &former.value.resources {
            self.set.remove(resource.resource_type(), resource.name());
        }
    }

    fn put(&mut self, part: Part, compiled: Compiled) {
        if self.parts.get(&part).is_some_and(|known| Arc::ptr_eq(known, &compiled)) {
            return;
        }
        match self.parts.remove(&part) {
            Some(former) if former.reads.topics == compiled.reads.topics => self.drop_resources(&former),
            former => {
                if let Some(former) = former {
                    self.forget(&part, &former);
                }
                self.rewired = true;
                for topic in &compiled.reads.topics {
                    self.readers.entry(topic.clone()).or_default().insert(part.clone());
                }
            }
        }
        for resource in &compiled.value.resources {
            self.set.insert(Arc::clone(resource));
        }
        self.parts.insert(part, compiled);
    }

    fn offer(&mut self) -> Update {
        let topics = std::mem::take(&mut self.rewired) && self.gather_topics();
        let own_leaf = self.leaf.as_ref().is_some_and(|(service, _)| Some(service) == self.service());
        let complete = own_leaf && self.standing() == Standing::Ready;
        let resources = complete && self.offered.as_ref() != Some(&self.set);
        if resources {
            self.offered = Some(self.set.clone());
        }
        Update { resources, topics }
    }

    /// Whether there are other topics to wait for.
    fn gather_topics(&mut self) -> bool {
        let topics = self.readers.keys().chain(self.plan.iter().flat_map(|plan| &plan.reads.topics));
        let topics: BTreeSet<Topic> = topics.cloned().chain([Topic::Ca]).collect();
        let changed = topics != *self.topics;
        if changed {
            self.topics = Arc::new(topics);
        }
        changed
    }
}
