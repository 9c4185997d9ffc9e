//! Alias checks: an instance shows the health of another one.

use std::collections::HashMap;

use weft_model::catalog::Indexed;
use weft_model::health::{Check, CheckStatus};
use weft_model::{NodeName, ServiceId};
use weft_state::StateView;

use super::outcome::Outcome;

/// The checks of nodes, looked up once a pass however many aliases there are.
pub(super) struct Aliases<'a> {
    view: &'a StateView<'a>,
    nodes: HashMap<NodeName, HashMap<ServiceId, Vec<Indexed<Check>>>>,
}

impl<'a> Aliases<'a> {
    pub(super) fn new(view: &'a StateView<'a>) -> Self {
        Self { view, nodes: HashMap::new() }
    }

    /// What an alias of this instance shows: the worst of its checks and its node's, the first of
    /// those that are critical.
    pub(super) fn outcome(&mut self, node: &NodeName, service: &ServiceId) -> Outcome {
        let by_service = self.nodes.entry(node.clone()).or_insert_with(|| by_service(self.view, node));
        let of = |id: &ServiceId| by_service.get(id).map(Vec::as_slice).unwrap_or_default();
        let own = if service.is_empty() { &[] } else { of(service) };
        let node_checks = of(&ServiceId::default());
        if !service.is_empty() && own.is_empty() && self.view.service(node, service).is_none() {
            return Outcome::critical(format!("Service {service} could not be found on node {node}"));
        }
        worst(node_checks.iter().chain(own))
    }
}

fn by_service(view: &StateView<'_>, node: &NodeName) -> HashMap<ServiceId, Vec<Indexed<Check>>> {
    let mut by_service = HashMap::<ServiceId, Vec<Indexed<Check>>>::new();
    for check in view.node_checks(node) {
        by_service.entry(check.value.service_id.clone()).or_default().push(check);
    }
    by_service
}

fn worst<'c>(checks: impl Iterator<Item = &'c Indexed<Check>>) -> Outcome {
    let mut worst: Option<&Check> = None;
    for check in checks {
        if worst.is_none_or(|worst| check.value.status > worst.status) {
            worst = Some(&check.value);
        }
    }
    match worst {
        None => Outcome::passing("No checks found.".to_owned()),
        Some(check) if check.status == CheckStatus::Passing => Outcome::passing("All checks passing.".to_owned()),
        Some(check) => Outcome::new(check.status, format!("Aliased check {:?} failing: {}", check.name, check.output)),
    }
}
