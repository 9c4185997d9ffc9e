//! Anti-entropy: what is to be written so that the catalog says of a node what its agent knows. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weft_model::catalog::{Node, Service};
use weft_model::command::Target;
use weft_model::health::{Check, SERF_HEALTH};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{CheckId, Command, ServiceId};

use super::keep::Key;
use crate::clients::message::Rows;
use crate::node;

/// What an agent knows of its node.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    pub(super) node: Node,
    pub(super) services: BTreeMap<ServiceId, Arc<Service>>,
    pub(super) checks: BTreeMap<CheckId, Arc<Check>>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Writes to the catalog, in this order.
    pub(super) writes: Vec<Write>,
    /// Checks of which the catalog knows an older output: nothing that has to be told at once.
    pub(super) outputs: BTreeSet<CheckId>,
    /// Services whose tags the catalog has changed, and may: `EnableTagOverride`.
    pub(super) adopted: Vec<Service>,
}

/// One write, and whose token it is made with; `None`: the agent's own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub(super) owner: Option<Key>,
    pub(super) command: Command,
}

/// The difference. Outputs in `due` are written though nothing else of the check has changed.
pub(super) fn plan(local: &Local, remote: &Rows, due: &BTreeSet<CheckId>) -> Plan {
    let mut plan = Plan::default();
    plan.node(local, remote);
    let known: BTreeMap<_, _> = remote.services.iter().map(|service| (&service.id, service)).collect();
    let mut told = BTreeSet::new();
    for (id, service) in &local.services {
        match known.get(id) {
            Some(known) if **known == **service => {}
            Some(known) if service.enable_tag_override && **known == adopting(service, known) => {
                plan.adopted.push((*known).clone());
            }
            found => {
                let service = match found {
                    Some(known) if service.enable_tag_override => adopting(service, known),
                    Some(_) | None => (**service).clone(),
                };
                told.insert(id);
                plan.service(local, service);
            }
        }
    }
    plan.checks(local, remote, &told, due);
    plan.gone(local, remote);
    plan
}

/// A service with the tags that the catalog has.
fn adopting(service: &Service, known: &Service) -> Service {
    Service { tags: known.tags.clone(), ..service.clone() }
}

impl Plan {
    fn write(&mut self, owner: Option<Key>, command: Command) {
        self.writes.push(Write { owner, command });
    }

    fn node(&mut self, local: &Local, remote: &Rows) {
        let is_alive = remote.checks.iter().any(|check| check.id == SERF_HEALTH);
        if remote.node.as_ref() == Some(&local.node) && is_alive {
            return;
        }
        let checks = if is_alive { vec![] } else { vec![node::alive(&local.node)] };
        let registration = Registration { node: local.node.clone(), checks, ..Registration::default() };
        self.write(None, Command::Register(Box::new(registration)));
    }

    /// A service with all its checks.
    fn service(&mut self, local: &Local, service: Service) {
        let owner = Key::Service(service.id.clone());
        let checks = local.checks.values().filter(|check| check.service_id == service.id);
        let checks = checks.map(|check| (**check).clone()).collect();
        let services = vec![ServiceRegistration { service, ..ServiceRegistration::default() }];
        self.write(Some(owner), register(&local.node, services, checks));
    }

    fn checks(&mut self, local: &Local, remote: &Rows, told: &BTreeSet<&ServiceId>, due: &BTreeSet<CheckId>) {
        let known: BTreeMap<_, _> = remote.checks.iter().map(|check| (&check.id, check)).collect();
        for (id, check) in local.checks.iter().filter(|(_, check)| !told.contains(&check.service_id)) {
            let Some(known) = known.get(id) else {
                self.write(Some(Key::of(check)), register(&local.node, vec![], vec![(**check).clone()]));
                continue;
            };
            let (same_output, same_status) = (known.output == check.output, known.status == check.status);
            let result = Check { status: known.status, output: known.output.clone(), ..(**check).clone() };
            if result != **known {
                self.write(Some(Key::of(check)), register(&local.node, vec![], vec![(**check).clone()]));
            } else if !same_status || (!same_output && due.contains(id)) {
                let (status, output) = (check.status, check.output.clone());
                let command = Command::UpdateCheck { node: local.node.name.clone(), check: id.clone(), status, output };
                self.write(Some(Key::of(check)), command);
            } else if !same_output {
                self.outputs.insert(id.clone());
            }
        }
    }

    /// What this node has no more, or never had: the agent has the last word on what is on its node.
    fn gone(&mut self, local: &Local, remote: &Rows) {
        let node = &local.node.name;
        let gone: BTreeSet<_> = remote.services.iter().map(|service| &service.id).collect();
        let gone: BTreeSet<_> = gone.into_iter().filter(|id| !local.services.contains_key(*id)).collect();
        for id in &gone {
            let command = Command::Deregister { node: node.clone(), target: Target::Service((*id).clone()) };
            self.write(Some(Key::Service((*id).clone())), command);
        }
        for check in &remote.checks {
            let is_own = check.id == SERF_HEALTH || local.checks.contains_key(&check.id);
            // They go with their service.
            if !is_own && !gone.contains(&check.service_id) {
                let command = Command::Deregister { node: node.clone(), target: Target::Check(check.id.clone()) };
                self.write(Some(Key::of(check)), command);
            }
        }
    }
}

fn register(node: &Node, services: Vec<ServiceRegistration>, checks: Vec<Check>) -> Command {
    let registration =
        Registration { node: node.clone(), skip_node_update: true, services, checks, keep_status: false };
    Command::Register(Box::new(registration))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
