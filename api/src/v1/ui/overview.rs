//! How many nodes, services and checks do how well.

use std::collections::BTreeMap;

use weft_model::health::CheckStatus;
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::wire::ui::{Overview, Tally};

/// The numbers of the whole catalog: nodes by their worst check, instances by the worst of theirs, checks by name.
pub(crate) fn overview(_: &Call, view: &StateView<'_>) -> Outcome {
    let (mut nodes, mut services, mut checks) = (Tally::default(), Vec::new(), BTreeMap::new());
    for node in view.nodes() {
        let own = view.node_checks(&node.value.name);
        nodes
            .count(worst(own.iter().filter(|check| check.value.service_id.is_empty()).map(|check| check.value.status)));
        for check in own {
            let name = check.value.name.clone();
            let tally = checks.entry(name.clone()).or_insert_with(|| Tally { name, ..Tally::default() });
            tally.count(check.value.status);
        }
    }
    for name in view.services(|_| true).into_keys() {
        let mut tally = Tally { name: name.to_string(), ..Tally::default() };
        for instance in view.instances(&name) {
            tally.count(worst(instance.checks.iter().map(|check| check.value.status)));
        }
        services.push(tally);
    }
    Ok(Answer::json(Overview { nodes: vec![nodes], services, checks: checks.into_values().collect() }))
}

/// The worst status; without a check nothing is bad.
fn worst(statuses: impl Iterator<Item = CheckStatus>) -> CheckStatus {
    let rank = |status: &CheckStatus| match status {
        CheckStatus::Passing => 0,
        CheckStatus::Warning => 1,
        CheckStatus::Critical => 2,
    };
    statuses.max_by_key(rank).unwrap_or(CheckStatus::Passing)
}

impl Tally {
    fn count(&mut self, status: CheckStatus) {
        self.total += 1;
        match status {
            CheckStatus::Passing => self.passing += 1,
            CheckStatus::Warning => self.warning += 1,
            CheckStatus::Critical => self.critical += 1,
        }
    }
}
