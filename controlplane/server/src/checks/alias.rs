//! Alias checks: an instance shows the health of another one.

use std::collections::{BTreeMap, BTreeSet};

use weft_model::catalog::Indexed;
use weft_model::health::{Check, CheckStatus};
use weft_model::{CheckId, NodeName, ServiceId};
use weft_state::StateView;

use super::outcome::Outcome;

/// An instance, or with the empty id a node, whose health others show.
pub(crate) type Aliased = (NodeName, ServiceId);

/// Which checks show the health of what.
#[derive(Debug, Default)]
pub(super) struct Aliases(BTreeMap<Aliased, BTreeSet<CheckId>>);

impl Aliases {
    pub(super) fn add(&mut self, of: Aliased, check: CheckId) {
        self.0.entry(of).or_default().insert(check);
    }

    pub(super) fn remove(&mut self, of: &Aliased, check: &CheckId) {
        let Some(checks) = self.0.get_mut(of) else { return };
        checks.remove(check);
        if checks.is_empty() {
            self.0.remove(of);
        }
    }

    /// The nodes that somebody shows the health of.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.0.keys().map(|(node, _)| node)
    }

    /// The checks that show the health of an instance; of a node: of it and of all its instances.
    pub(super) fn showing(&self, (node, service): &Aliased) -> impl Iterator<Item = &CheckId> {
        let from = (node.clone(), service.clone());
        let (on, id) = (node.clone(), service.clone());
        let touched = self
            .0
            .range(from..)
            .take_while(move |((node, service), _)| *node == on && (id.is_empty() || *service == id));
        touched.flat_map(|(_, checks)| checks)
    }
}

/// What an alias of this instance shows: the worst of its checks and its node's, the first of those
/// that are critical.
pub(crate) fn outcome(view: &StateView<'_>, node: &NodeName, service: &ServiceId) -> Outcome {
    let mut checks = view.instance_checks(node, &ServiceId::default());
    if !service.is_empty() {
        let own = view.instance_checks(node, service);
        if own.is_empty() && view.service(node, service).is_none() {
            return Outcome::critical(format!("Service {service} could not be found on node {node}"));
        }
        checks.extend(own);
    }
    worst(&checks)
}

fn worst(checks: &[Indexed<Check>]) -> Outcome {
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
