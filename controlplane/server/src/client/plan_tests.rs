#![allow(clippy::unwrap_used)]

use weft_model::health::CheckStatus;
use weft_model::{Envelope, NodeName, RequestId, Timestamp};
use weft_state::{State, StateView, apply};

use super::*;

fn node() -> Node {
    Node { id: "id1".into(), name: "n1".into(), address: "10.0.0.1".into(), ..Node::default() }
}

fn service(id: &str) -> Service {
    Service { id: id.into(), name: "web".into(), port: 80, tags: vec!["a".into()], ..Service::default() }
}

fn check(id: &str, service: &str) -> Check {
    let (service_name, service_tags) =
        if service.is_empty() { (Default::default(), vec![]) } else { ("web".into(), vec!["a".into()]) };
    Check {
        id: id.into(),
        service_id: service.into(),
        service_name,
        service_tags,
        name: "alive".into(),
        ..node::alive(&node())
    }
}

fn local() -> Local {
    Local {
        node: node(),
        services: ["web1", "web2"].map(|id| (id.into(), Arc::new(service(id)))).into(),
        checks: [check("c1", "web1"), check("c2", "web2"), check("disk", "")]
            .map(|check| (check.id.clone(), Arc::new(check)))
            .into(),
    }
}

/// A catalog as a server applies what it is told.
struct Catalog(State, u64);

impl Catalog {
    fn new() -> Self {
        Self(State::default(), 0)
    }

    fn apply(&mut self, command: Command) {
        self.1 += 1;
        let id = RequestId { origin: 1, sequence: self.1 };
        let outcome = apply(&self.0, self.1, &Envelope { id, settled: self.1, at: Timestamp(1), command });
        outcome.reply.unwrap();
        self.0 = outcome.state;
    }

    fn rows(&self) -> Rows {
        let (view, name) = (StateView::new(&self.0), NodeName::from("n1"));
        Rows {
            index: self.1,
            node: view.node(&name).map(|node| (*node.value).clone()),
            services: view.node_services(&name).into_iter().map(|service| (*service.value).clone()).collect(),
            checks: view.node_checks(&name).into_iter().map(|check| (*check.value).clone()).collect(),
        }
    }

    /// Brings it up to date; answers how many writes that took. Afterwards there is nothing left to do.
    fn sync(&mut self, local: &Local) -> usize {
        let plan = plan(local, &self.rows(), &BTreeSet::new());
        let count = plan.writes.len();
        plan.writes.into_iter().for_each(|write| self.apply(write.command));
        assert_eq!(super::plan(local, &self.rows(), &BTreeSet::new()).writes, []);
        count
    }
}

fn deregister(target: Target) -> Command {
    Command::Deregister { node: "n1".into(), target }
}

#[test]
fn an_empty_catalog_gets_all_of_it_and_then_nothing_more() {
    let mut catalog = Catalog::new();
    assert_eq!(catalog.sync(&local()), 4, "the node, two services with their checks, and a check of the node");
    let rows = catalog.rows();
    assert_eq!((rows.services.len(), rows.checks.len()), (2, 4));
    assert!(rows.checks.iter().any(|check| check.id == SERF_HEALTH && check.status == CheckStatus::Passing));
    assert_eq!(catalog.sync(&local()), 0);
}

#[test]
fn what_somebody_took_out_of_the_catalog_comes_back() {
    for target in [
        Target::Node,
        Target::Service("web1".into()),
        Target::Check("c1".into()),
        Target::Check("disk".into()),
        Target::Check(SERF_HEALTH.into()),
    ] {
        let mut catalog = Catalog::new();
        catalog.sync(&local());
        let before = catalog.rows();
        catalog.apply(deregister(target.clone()));
        assert!(catalog.sync(&local()) > 0, "{target:?}");
        assert_eq!(Rows { index: 0, ..catalog.rows() }, Rows { index: 0, ..before }, "{target:?}");
    }
}

#[test]
fn what_the_node_has_no_more_goes() {
    let mut catalog = Catalog::new();
    catalog.sync(&local());
    let mut less = local();
    less.services.remove("web1");
    less.checks.remove("c1");
    less.checks.remove("disk");
    assert_eq!(catalog.sync(&less), 2, "the service takes its check along");
    let rows = catalog.rows();
    assert_eq!((rows.services.len(), rows.checks.len()), (1, 2));
}

#[test]
fn what_others_registered_on_the_node_goes() {
    let mut catalog = Catalog::new();
    catalog.sync(&local());
    let zombie = vec![ServiceRegistration { service: service("zombie"), ..ServiceRegistration::default() }];
    catalog.apply(register(&node(), zombie, vec![check("z", "zombie"), check("stray", "")]));
    assert_eq!(catalog.sync(&local()), 2);
    assert!(catalog.rows().services.iter().all(|service| service.id != "zombie"));
}

#[test]
fn a_liveness_that_the_leader_has_judged_is_left_alone() {
    let mut catalog = Catalog::new();
    catalog.sync(&local());
    let (node, check) = (NodeName::from("n1"), CheckId::from(SERF_HEALTH));
    catalog.apply(Command::UpdateCheck { node, check, status: CheckStatus::Critical, output: "gone".into() });
    assert_eq!(catalog.sync(&local()), 0);
}

#[test]
fn a_status_is_told_at_once_and_an_output_when_it_is_due() {
    let mut catalog = Catalog::new();
    let mut local = local();
    catalog.sync(&local);
    Arc::make_mut(local.checks.get_mut("c1").unwrap()).status = CheckStatus::Critical;
    Arc::make_mut(local.checks.get_mut("c2").unwrap()).output = "took 3 ms".into();
    let first = plan(&local, &catalog.rows(), &BTreeSet::new());
    assert!(matches!(&first.writes[..], [Write { command: Command::UpdateCheck { check, .. }, .. }] if *check == "c1"));
    assert_eq!(first.outputs, BTreeSet::from(["c2".into()]));
    let due = plan(&local, &catalog.rows(), &BTreeSet::from(["c2".into()]));
    assert_eq!((due.writes.len(), due.outputs.len()), (2, 0));
}

#[test]
fn writes_are_made_with_the_token_of_what_they_are_about() {
    let rows = Catalog::new().rows();
    let owners: Vec<_> = plan(&local(), &rows, &BTreeSet::new()).writes.into_iter().map(|write| write.owner).collect();
    let service = |id: &str| Some(Key::Service(id.into()));
    assert_eq!(owners, [None, service("web1"), service("web2"), Some(Key::Check("disk".into()))]);
}

#[test]
fn tags_may_be_changed_in_the_catalog_where_the_service_says_so() {
    let mut catalog = Catalog::new();
    let mut local = local();
    Arc::make_mut(local.services.get_mut("web1").unwrap()).enable_tag_override = true;
    catalog.sync(&local);
    for id in ["web1", "web2"] {
        let theirs = Service { tags: vec!["theirs".into()], ..(*local.services[id]).clone() };
        catalog.apply(register(&node(), vec![ServiceRegistration { service: theirs, ..Default::default() }], vec![]));
    }
    let plan = plan(&local, &catalog.rows(), &BTreeSet::new());
    assert_eq!(plan.adopted.iter().map(|service| service.id.as_str()).collect::<Vec<_>>(), ["web1"]);
    assert!(plan.writes.iter().any(|write| write.owner == Some(Key::Service("web2".into()))));
    assert!(
        plan.writes.iter().all(|write| !matches!(&write.command, Command::Register(new) if !new.services.is_empty()
        && new.services[0].service.id == "web1"))
    );
}
