//! Queries of the registry. Lists are in key order: node, then instance id.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weft_model::catalog::{Indexed, Node, Service, ServiceKind};
use weft_model::health::Check;
use weft_model::{CheckId, NodeName, ServiceId, ServiceName, Topic};

use super::StateView;

/// A service instance with its node, and the checks of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub node: Indexed<Node>,
    pub service: Indexed<Service>,
    /// Checks of the node first, then those of the instance.
    pub checks: Vec<Indexed<Check>>,
}

impl StateView<'_> {
    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> Vec<Indexed<Node>> {
        self.note(Topic::Nodes);
        self.state.nodes.values().cloned().collect()
    }

    /// The nodes that have this address, by name.
    pub fn nodes_at(&self, address: IpAddr) -> impl Iterator<Item = Indexed<Node>> {
        self.note(Topic::Nodes);
        let keys = self.state.derived.nodes_at.range((address, NodeName::default())..);
        let names = keys.take_while(move |(at, _)| *at == address).map(|(_, name)| name);
        names.filter_map(|name| self.state.nodes.get(name).cloned())
    }

    /// The instances that have this address as their own, by the names of their services.
    pub fn instances_at(&self, address: IpAddr) -> impl Iterator<Item = Instance> {
        self.note(Topic::Services);
        let from = (address, ServiceName::default(), NodeName::default(), ServiceId::default());
        let keys = self.state.derived.instances_at.range(from..).take_while(move |(at, ..)| *at == address);
        keys.filter_map(|(_, name, node, id)| {
            self.note(Topic::Service(name.clone()));
            self.join(node, id)
        })
    }

    /// One node.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<Indexed<Node>> {
        self.note(Topic::Node(name.clone()));
        self.state.nodes.get(name).cloned()
    }

    /// One instance.
    #[must_use]
    pub fn service(&self, node: &NodeName, id: &ServiceId) -> Option<Indexed<Service>> {
        self.note(Topic::Node(node.clone()));
        self.state.services.get(&(node.clone(), id.clone())).cloned()
    }

    /// One instance's own fields. Unlike [`StateView::service`] it is not concerned by the rest of
    /// its node, where thousands of others may change.
    #[must_use]
    pub fn own_service(&self, node: &NodeName, id: &ServiceId) -> Option<Indexed<Service>> {
        self.note(Topic::Instance(node.clone(), id.clone()));
        self.state.services.get(&(node.clone(), id.clone())).cloned()
    }

    /// The instances on a node.
    #[must_use]
    pub fn node_services(&self, node: &NodeName) -> Vec<Indexed<Service>> {
        self.note(Topic::Node(node.clone()));
        self.state.services_on(node).cloned().collect()
    }

    /// One check.
    #[must_use]
    pub fn check(&self, node: &NodeName, id: &CheckId) -> Option<Indexed<Check>> {
        self.note(Topic::Node(node.clone()));
        self.state.checks.get(&(node.clone(), id.clone())).cloned()
    }

    /// All checks on a node, those of its instances included.
    #[must_use]
    pub fn node_checks(&self, node: &NodeName) -> Vec<Indexed<Check>> {
        self.note(Topic::Node(node.clone()));
        self.state.checks_on(node).cloned().collect()
    }

    /// All checks everywhere.
    #[must_use]
    pub fn checks(&self) -> Vec<Indexed<Check>> {
        self.note(Topic::Checks);
        self.state.checks.values().cloned().collect()
    }

    /// All service names with the union of their instances' tags; `keep` chooses by node.
    #[must_use]
    pub fn services(&self, keep: impl Fn(&Node) -> bool) -> BTreeMap<ServiceName, BTreeSet<String>> {
        self.note(Topic::Services);
        let mut tags = BTreeMap::<ServiceName, BTreeSet<String>>::new();
        for ((node, _), service) in &self.state.services {
            if self.state.nodes.get(node).is_some_and(|node| keep(&node.value)) {
                tags.entry(service.value.name.clone()).or_default().extend(service.value.tags.iter().cloned());
            }
        }
        tags
    }

    /// How many instances exist.
    #[must_use]
    pub fn instance_count(&self) -> usize {
        self.note(Topic::Services);
        self.state.services.len()
    }

    /// The instances of a service.
    #[must_use]
    pub fn instances(&self, name: &ServiceName) -> Vec<Instance> {
        self.note(Topic::Service(name.clone()));
        self.collect(&self.state.derived.by_name, name)
    }

    /// All instances of a kind: a walk over all there are.
    #[must_use]
    pub fn instances_of(&self, kind: ServiceKind) -> Vec<Instance> {
        self.note(Topic::Services);
        let of_kind = self.state.services.iter().filter(|(_, service)| service.value.kind == kind);
        let found = of_kind.filter_map(|((node, id), service)| {
            self.note(Topic::Service(service.value.name.clone()));
            self.join(node, id)
        });
        found.collect()
    }

    /// The mesh endpoints of a service: its proxies and its native instances.
    #[must_use]
    pub fn connect_instances(&self, destination: &ServiceName) -> Vec<Instance> {
        self.note(Topic::Connect(destination.clone()));
        self.collect(&self.state.derived.by_destination, destination)
    }

    /// One instance with its node and checks.
    #[must_use]
    pub fn instance(&self, node: &NodeName, id: &ServiceId) -> Option<Instance> {
        self.note(Topic::Node(node.clone()));
        self.join(node, id)
    }

    /// The checks of one instance; with the empty id those of the node itself.
    #[must_use]
    pub fn instance_checks(&self, node: &NodeName, service: &ServiceId) -> Vec<Indexed<Check>> {
        self.note(Topic::Node(node.clone()));
        self.state.checks_of(node, service).cloned().collect()
    }

    fn collect(&self, order: &imbl::OrdSet<(ServiceName, NodeName, ServiceId)>, name: &ServiceName) -> Vec<Instance> {
        let from = (name.clone(), NodeName::default(), ServiceId::default());
        let keys = order.range(from..).take_while(|(found, ..)| found == name);
        keys.filter_map(|(_, node, id)| self.join(node, id)).collect()
    }

    fn join(&self, node: &NodeName, id: &ServiceId) -> Option<Instance> {
        let service = self.state.services.get(&(node.clone(), id.clone()))?.clone();
        let of_node = ServiceId::default();
        let checks = self.state.checks_of(node, &of_node).chain(self.state.checks_of(node, id)).cloned().collect();
        Some(Instance { node: self.state.nodes.get(node)?.clone(), service, checks })
    }
}
