//! Which client agents are there, as the leader sees it over time: `serfHealth` of their nodes. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{CheckId, Command, NodeName};
use weft_state::StateView;

use crate::node::{ALIVE, SEGMENT, SERVER_SERVICE};

/// An agent that nobody has heard of for this long has failed. Agents speak every second and a half.
pub(super) const FAILED_AFTER: Duration = Duration::from_secs(6);

/// An agent that has failed for this long is forgotten: Consul's `reconnect_timeout`.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(72 * 3600);

/// A pause between two looks that shows that this server stood still, and heard nobody because of that.
const STALL: Duration = Duration::from_secs(3);

/// What the check of an agent says that has failed.
const GONE: &str = "Agent not live or unreachable";

/// What a leader remembers between two looks.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Since when it would have heard of an agent.
    since: Option<Duration>,
    last: Duration,
    failed: BTreeMap<NodeName, Duration>,
}

impl Watch {
    /// What is to be written after a look at this time. `heard` is how long ago each agent was heard.
    pub(super) fn look(
        &mut self,
        now: Duration,
        heard: &BTreeMap<NodeName, Duration>,
        view: &StateView<'_>,
    ) -> Vec<Command> {
        if self.since.is_none() || now.saturating_sub(self.last) > STALL {
            self.since = Some(now);
        }
        self.last = now;
        let listened = now.saturating_sub(self.since.unwrap_or(now));
        let agents: Vec<_> = view.nodes().into_iter().filter(|node| is_agent(view, &node.value)).collect();
        self.failed.retain(|name, _| agents.iter().any(|node| node.value.name == *name));
        let due = agents.iter().filter_map(|node| {
            let name = &node.value.name;
            let status = view.check(name, &CheckId::from(SERF_HEALTH))?.value.status;
            let is_there = heard.get(name).is_some_and(|ago| *ago < FAILED_AFTER);
            if is_there {
                self.failed.remove(name);
                return (status != CheckStatus::Passing).then(|| says(name, CheckStatus::Passing, ALIVE));
            }
            if listened < FAILED_AFTER {
                return None;
            }
            let since = *self.failed.entry(name.clone()).or_insert(now);
            if now.saturating_sub(since) >= GONE_AFTER {
                return Some(Command::Deregister { node: name.clone(), target: Target::Node });
            }
            (status != CheckStatus::Critical).then(|| says(name, CheckStatus::Critical, GONE))
        });
        due.collect()
    }
}

/// Whether a node is that of a client agent: those that others have registered carry no mark of an agent.
fn is_agent(view: &StateView<'_>, node: &Node) -> bool {
    node.meta.contains_key(SEGMENT)
        && view.check(&node.name, &CheckId::from(SERF_HEALTH)).is_some()
        && view.service(&node.name, &SERVER_SERVICE.into()).is_none()
}

fn says(node: &NodeName, status: CheckStatus, output: &str) -> Command {
    Command::UpdateCheck { node: node.clone(), check: SERF_HEALTH.into(), status, output: output.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use weft_model::catalog::Service;
    use weft_model::health::Check;
    use weft_model::registration::{Registration, ServiceRegistration};
    use weft_model::{Envelope, RequestId, Timestamp};
    use weft_state::{State, apply};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A catalog with the agent `a`, a server, and a node that somebody has registered with a check of that name.
    struct Catalog(State, u64);

    impl Catalog {
        fn new() -> Self {
            let mut catalog = Self(State::default(), 0);
            for (name, is_agent, is_server) in [("a", true, false), ("s", true, true), ("x", false, false)] {
                let mut node = Node { name: name.into(), address: "10.0.0.1".into(), ..Node::default() };
                if is_agent {
                    node.meta.insert(SEGMENT.to_owned(), String::new());
                }
                let service = Service { id: SERVER_SERVICE.into(), name: SERVER_SERVICE.into(), ..Service::default() };
                let services = vec![ServiceRegistration { service, ..ServiceRegistration::default() }];
                let services = if is_server { services } else { vec![] };
                let check = Check { status: CheckStatus::Passing, ..crate::node::alive(&node) };
                catalog.apply(Command::Register(Box::new(Registration {
                    node,
                    services,
                    checks: vec![check],
                    ..Registration::default()
                })));
            }
            catalog
        }

        fn apply(&mut self, command: Command) {
            self.1 += 1;
            let id = RequestId { origin: 1, sequence: self.1 };
            let envelope = Envelope { id, settled: self.1, at: Timestamp(1), command };
            self.0 = apply(&self.0, self.1, &envelope).state;
        }

        /// Looks every second and does what is to be done; answers the statuses with their seconds.
        fn watch(
            &mut self,
            watch: &mut Watch,
            seconds: std::ops::Range<u64>,
            heard: impl Fn(u64) -> Option<u64>,
        ) -> Vec<(u64, Option<CheckStatus>)> {
            let mut said = Vec::new();
            for second in seconds {
                let ago = heard(second).map(|at| (NodeName::from("a"), SECOND * u32::try_from(second - at).unwrap()));
                let now = SECOND * u32::try_from(second).unwrap();
                for command in watch.look(now, &ago.into_iter().collect(), &StateView::new(&self.0)) {
                    let status = if let Command::UpdateCheck { node, status, .. } = &command {
                        assert_eq!(*node, "a");
                        Some(*status)
                    } else {
                        assert_eq!(command, Command::Deregister { node: "a".into(), target: Target::Node });
                        None
                    };
                    said.push((second, status));
                    self.apply(command);
                }
            }
            said
        }
    }

    #[test]
    fn an_agent_that_is_heard_of_stays() {
        let (mut catalog, mut watch) = (Catalog::new(), Watch::default());
        assert_eq!(catalog.watch(&mut watch, 0..60, |now| Some(now.saturating_sub(2))), []);
    }

    #[test]
    fn one_that_falls_silent_fails_within_ten_seconds_and_comes_back_when_it_speaks() {
        let (mut catalog, mut watch) = (Catalog::new(), Watch::default());
        let speaks = |now: u64| Some(if now < 40 { now.min(20) } else { now });
        let said = catalog.watch(&mut watch, 0..60, speaks);
        assert_eq!(said, [(26, Some(CheckStatus::Critical)), (40, Some(CheckStatus::Passing))]);
    }

    #[test]
    fn a_new_leader_listens_before_it_judges() {
        let (mut catalog, mut watch) = (Catalog::new(), Watch::default());
        assert_eq!(catalog.watch(&mut watch, 0..20, |_| None), [(6, Some(CheckStatus::Critical))]);
        let mut next = Watch::default();
        assert_eq!(catalog.watch(&mut next, 20..26, |_| None), []);
        assert_eq!(catalog.watch(&mut next, 26..27, Some), [(26, Some(CheckStatus::Passing))]);
    }

    #[test]
    fn a_leader_that_stood_still_listens_anew() {
        let (mut catalog, mut watch) = (Catalog::new(), Watch::default());
        catalog.watch(&mut watch, 0..20, Some);
        assert_eq!(catalog.watch(&mut watch, 40..46, |_| Some(20)), []);
        assert_eq!(catalog.watch(&mut watch, 46..47, |_| Some(20)), [(46, Some(CheckStatus::Critical))]);
    }

    #[test]
    fn one_that_stays_away_for_three_days_is_forgotten() {
        let (mut catalog, mut watch) = (Catalog::new(), Watch::default());
        let said = catalog.watch(&mut watch, 0..72 * 3600 + 10, |_| None);
        assert_eq!(said, [(6, Some(CheckStatus::Critical)), (72 * 3600 + 6, None)]);
    }
}
