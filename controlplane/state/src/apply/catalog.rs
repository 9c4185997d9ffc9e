//! Registration and deregistration of nodes and instances.

use std::collections::BTreeSet;
use std::sync::Arc;

use weft_model::catalog::{Indexed, Node, Service};
use weft_model::command::Target;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{ApplyError, CheckId, NodeName, Reply, ServiceId, ServiceName, Topic};

use super::Txn;

impl Txn {
    pub(super) fn register(&mut self, registration: &Registration) -> Result<Reply, ApplyError> {
        let node = &registration.node;
        if !registration.skip_node_update || !self.state.nodes.contains_key(&node.name) {
            // Of a node in a transaction Consul does not ask for it.
            if node.address.is_empty() && !node.name.is_empty() {
                return Err(ApplyError::Refused("Must provide address".into()));
            }
            self.put_node(node)?;
        }
        let name = &self.known_node(&node.name);
        let mut ports = Vec::new();
        for instance in &registration.services {
            let service = self.with_port(name, instance)?;
            ports.push((service.id.clone(), service.port));
            if instance.replace_checks {
                self.remove_unlisted_checks(name, &service.id, registration);
            }
            self.put_service(name, service);
        }
        for check in &registration.checks {
            let mut check = check.clone();
            check.node = name.clone();
            if let Some((_, port)) = ports.iter().find(|(id, _)| *id == check.service_id)
                && let Some(host) = check.definition.tcp.strip_suffix(":0")
            {
                check.definition.tcp = format!("{host}:{port}");
            }
            self.put_check(check, registration.keep_status)?;
        }
        Ok(Reply::Done)
    }

    pub(super) fn deregister(&mut self, node: &NodeName, target: &Target) -> Reply {
        match target {
            Target::Node => self.remove_node(node),
            Target::Service(id) => {
                self.remove_service(node, id);
                for sidecar in self.sidecars_of(node, id) {
                    self.remove_service(node, &sidecar);
                }
            }
            Target::Check(id) => self.remove_check(node, id),
        }
        Reply::Done
    }

    pub(super) fn put_node(&mut self, node: &Node) -> Result<(), ApplyError> {
        if node.name.is_empty() {
            return Err(ApplyError::Refused("Must provide node".into()));
        }
        let former = self.state.nodes.get(&node.name);
        let is_spelled_so = |former: &Node| former.name.as_str() == node.name.as_str();
        if former.is_some_and(|former| *former.value == *node && is_spelled_so(&former.value)) {
            return Ok(());
        }
        if let Some(former) = former {
            self.state.derived.remove_node(&node.name, &former.value);
        }
        let create_index = former.map_or(self.index, |former| former.create_index);
        self.release_node_id(node)?;
        let stored = Indexed { value: Arc::new(node.clone()), create_index, modify_index: self.index };
        // The key is spelled as the node is, here as after a restart.
        self.state.nodes.remove(&node.name);
        self.state.nodes.insert(node.name.clone(), stored);
        self.state.derived.add_node(&node.name, node);
        self.touch(Topic::Nodes);
        self.touch_node_and_instances(&node.name);
        Ok(())
    }

    /// A node id moves to a new name only when nobody lives under the old one.
    fn release_node_id(&mut self, node: &Node) -> Result<(), ApplyError> {
        let Some(holder) = self.state.derived.node_ids.get(&node.id).cloned() else { return Ok(()) };
        if holder == node.name {
            return Ok(());
        }
        let alive = self
            .state
            .checks
            .get(&(holder.clone(), CheckId::from(SERF_HEALTH)))
            .is_some_and(|check| check.value.status == CheckStatus::Passing);
        if alive {
            return Err(ApplyError::Refused(format!(
                "node ID {:?} for node {:?} is in use by the live node {:?}",
                node.id,
                node.name.as_str(),
                holder.as_str()
            )));
        }
        self.remove_node(&holder);
        Ok(())
    }

    /// The instance as it is stored: with the port it had, or the first free one of its range.
    fn with_port(&self, node: &NodeName, registration: &ServiceRegistration) -> Result<Service, ApplyError> {
        let mut service = registration.service.clone();
        service.name = self.known_name(service.name);
        let Some((first, last)) = registration.port_range.filter(|_| service.port == 0) else { return Ok(service) };
        let former = self.state.services.get(&(node.clone(), service.id.clone()));
        service.port = match former.map(|former| former.value.port).filter(|port| *port != 0) {
            Some(port) => port,
            None => {
                let used: BTreeSet<u16> = self.state.services_on(node).map(|service| service.value.port).collect();
                (first..=last).find(|port| !used.contains(port)).ok_or_else(|| {
                    ApplyError::Refused(format!(
                        "Bad request: Invalid SidecarService: no port provided for sidecar_service and none left in the configured range [{first}, {last}]"
                    ))
                })?
            }
        };
        for address in service.tagged_addresses.values_mut().filter(|address| address.port == 0) {
            address.port = service.port;
        }
        Ok(service)
    }

    pub(super) fn put_service(&mut self, node: &NodeName, service: Service) {
        let key = (node.clone(), service.id.clone());
        let former = self.state.services.get(&key).cloned();
        if former.as_ref().is_some_and(|former| *former.value == service) {
            return;
        }
        if let Some(former) = &former {
            self.state.derived.remove_service(node, &former.value);
            self.touch_service(node, &former.value);
        }
        self.touch_service(node, &service);
        self.state.derived.add_service(node, &service);
        let renamed = former
            .as_ref()
            .is_some_and(|former| former.value.name != service.name || former.value.tags != service.tags);
        let (name, tags, id) = (service.name.clone(), service.tags.clone(), service.id.clone());
        let create_index = former.as_ref().map_or(self.index, |former| former.create_index);
        let service = Arc::new(service);
        let destinations = former.iter().map(|former| &former.value).chain([&service]);
        for destination in destinations.filter_map(|service| service.mesh_destination()) {
            self.state.settle_virtual_ip(destination);
            self.settle_chosen_ips(destination);
        }
        self.state.services.insert(key, Indexed { value: service, create_index, modify_index: self.index });
        if renamed {
            self.rename_checks(node, &id, &name, &tags);
        }
    }

    pub(super) fn remove_node(&mut self, node: &NodeName) {
        self.end_sessions_on(node);
        for id in self.state.services_on(node).map(|service| service.value.id.clone()).collect::<Vec<_>>() {
            self.remove_service(node, &id);
        }
        for id in self.state.checks_on(node).map(|check| check.value.id.clone()).collect::<Vec<_>>() {
            self.remove_check(node, &id);
        }
        if let Some(former) = self.state.nodes.remove(node) {
            self.state.derived.remove_node(node, &former.value);
            self.touch(Topic::Nodes);
            self.touch(Topic::Node(node.clone()));
            self.remove_coordinate(node);
        }
    }

    pub(super) fn remove_service(&mut self, node: &NodeName, id: &ServiceId) {
        let Some(former) = self.state.services.remove(&(node.clone(), id.clone())) else { return };
        self.state.derived.remove_service(node, &former.value);
        if let Some(destination) = former.value.mesh_destination() {
            self.state.settle_virtual_ip(destination);
            self.settle_chosen_ips(destination);
        }
        for check in self.check_ids(node, id) {
            self.remove_check(node, &check);
        }
        self.touch_service(node, &former.value);
    }

    /// The name as the table holds it: equal names share one text.
    fn known_node(&self, name: &NodeName) -> NodeName {
        self.state.nodes.get_key_value(name).map_or_else(|| name.clone(), |(known, _)| known.clone())
    }

    fn known_name(&self, name: ServiceName) -> ServiceName {
        let from = (name.clone(), NodeName::default(), ServiceId::default());
        match self.state.derived.by_name.range(from..).next() {
            Some((known, ..)) if *known == name => known.clone(),
            _ => name,
        }
    }

    fn sidecars_of(&self, node: &NodeName, parent: &ServiceId) -> Vec<ServiceId> {
        self.state
            .services_on(node)
            .filter(|service| service.value.sidecar_of.as_ref() == Some(parent))
            .map(|service| service.value.id.clone())
            .collect()
    }

    pub(super) fn touch_service(&mut self, node: &NodeName, service: &Service) {
        self.touch(Topic::Services);
        self.touch(Topic::Instance(node.clone(), service.id.clone()));
        self.touch_instance(node, service);
    }

    /// The instance, its node or its checks changed, not the list of services.
    pub(super) fn touch_instance(&mut self, node: &NodeName, service: &Service) {
        self.touch(Topic::Node(node.clone()));
        self.touch(Topic::Service(service.name.clone()));
        if let Some(destination) = service.mesh_destination() {
            self.touch(Topic::Connect(destination.clone()));
        }
    }

    /// A change of a node, or of a check of it, shows in all its instances.
    pub(super) fn touch_node_and_instances(&mut self, node: &NodeName) {
        self.touch(Topic::Node(node.clone()));
        let services: Vec<_> = self.state.services_on(node).map(|service| Arc::clone(&service.value)).collect();
        for service in services {
            self.touch_instance(node, &service);
        }
    }
}
