//! Commands one by one: what each does, and when it is refused.
#![allow(clippy::unwrap_used)]

mod support;

use support::{check_of, register, replay, run, with_ca};
use weft_model::ca::{CaRoot, CaState};
use weft_model::catalog::{Node, Service};
use weft_model::command::{IntentionForm, IntentionKey, IntentionWrite, Target};
use weft_model::config_entry::{ConfigEntry, Kind, ServiceDefaults};
use weft_model::health::{Check, CheckStatus, SERF_HEALTH};
use weft_model::intention::Action;
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{ApplyError, Command, Reply, ServiceId};
use weft_state::{State, StateView};

/// The state after a command that is accepted, and its reply.
fn accepted(state: &State, command: Command) -> (State, Reply) {
    let outcome = run(state, state.index() + 1, command);
    (outcome.state, outcome.reply.unwrap())
}

/// Why a command is refused.
fn refused(state: &State, command: Command) -> ApplyError {
    run(state, state.index() + 1, command).reply.unwrap_err()
}

fn sidecar(id: &str, of: &str) -> ServiceRegistration {
    let service = Service { id: id.into(), name: id.into(), sidecar_of: Some(of.into()), ..Service::default() };
    ServiceRegistration { service, port_range: Some((21000, 21001)), ..ServiceRegistration::default() }
}

fn node(id: &str, name: &str) -> Node {
    Node { id: id.into(), name: name.into(), address: "10.0.0.1".into(), ..Node::default() }
}

fn on_n1(services: Vec<ServiceRegistration>, checks: Vec<Check>) -> Command {
    Command::Register(Box::new(Registration { node: node("", "n1"), services, checks, ..Registration::default() }))
}

/// A passing check on `n1` that asks the port of its instance.
fn check(id: &str, service: &str) -> Check {
    check_of("n1", id, service, CheckStatus::Passing)
}

fn port(state: &State, id: &str) -> u16 {
    StateView::new(state).service(&"n1".into(), &id.into()).unwrap().value.port
}

#[test]
fn sidecars_get_the_first_free_port_of_their_range_and_keep_it() {
    let checks = vec![check("c", "a-proxy")];
    let (state, _) = accepted(&State::default(), on_n1(vec![sidecar("a-proxy", "a")], checks));
    let (state, _) = accepted(&state, on_n1(vec![sidecar("b-proxy", "b")], vec![]));
    let (state, _) = accepted(&state, on_n1(vec![sidecar("a-proxy", "a")], vec![]));
    assert_eq!((port(&state, "a-proxy"), port(&state, "b-proxy")), (21000, 21001));
    let stored = StateView::new(&state).check(&"n1".into(), &"c".into()).unwrap();
    assert_eq!(stored.value.definition.tcp, "127.0.0.1:21000");
    let ApplyError::Refused(text) = refused(&state, on_n1(vec![sidecar("c-proxy", "c")], vec![])) else { panic!() };
    assert!(text.contains("none left in the configured range [21000, 21001]"), "{text}");
}

#[test]
fn a_sidecar_leaves_with_its_service_and_checks_leave_with_both() {
    let checks = vec![check("c", "web-proxy"), check("node", "")];
    let state = replay(&[register("n1", "web", "web"), on_n1(vec![sidecar("web-proxy", "web")], checks)]);
    let target = Target::Service(ServiceId::from("web"));
    let (state, _) = accepted(&state, Command::Deregister { node: "n1".into(), target });
    let view = StateView::new(&state);
    assert_eq!(view.instance_count(), 0);
    let left: Vec<_> = view.checks().iter().map(|check| check.value.id.to_string()).collect();
    assert_eq!(left, ["node"]);
}

#[test]
fn a_check_of_a_missing_instance_is_refused_and_a_result_of_a_missing_check_too() {
    let missing = on_n1(vec![], vec![check("c", "nosuch")]);
    assert!(matches!(refused(&State::default(), missing), ApplyError::Refused(_)));
    let update = Command::UpdateCheck {
        node: "n1".into(),
        check: "c".into(),
        status: CheckStatus::Passing,
        output: String::new(),
    };
    assert!(matches!(refused(&State::default(), update), ApplyError::NotFound(_)));
}

#[test]
fn a_node_id_moves_to_another_name_only_when_its_holder_is_not_alive() {
    let renamed = || Command::register_node(node("id-1", "n2"));
    let state = replay(&[Command::register_node(node("id-1", "n1"))]);
    let (moved, _) = accepted(&state, renamed());
    let names: Vec<_> = StateView::new(&moved).nodes().iter().map(|node| node.value.name.to_string()).collect();
    assert_eq!(names, ["n2"]);
    let alive =
        Registration { node: node("id-1", "n1"), checks: vec![check(SERF_HEALTH, "")], ..Registration::default() };
    let (state, _) = accepted(&state, Command::Register(Box::new(alive)));
    let ApplyError::Refused(text) = refused(&state, renamed()) else { panic!() };
    assert!(text.contains("in use by the live node \"n1\""), "{text}");
}

#[test]
fn compare_and_set_holds_for_the_index_that_was_read() {
    let write = |protocol: &str, cas| {
        let entry = ServiceDefaults { name: "web".into(), protocol: protocol.into(), ..ServiceDefaults::default() };
        Command::ConfigUpsert { entry: Box::new(ConfigEntry::from(entry)), cas }
    };
    let delete = |cas| Command::ConfigDelete { kind: Kind::ServiceDefaults, name: "web".into(), cas };
    let state = replay(&[write("tcp", None)]);
    for (command, swapped) in [
        (write("http", Some(0)), false),
        (write("http", Some(9)), false),
        (write("http", Some(1)), true),
        (delete(Some(9)), false),
        (delete(Some(1)), true),
        (delete(None), true),
    ] {
        assert_eq!(accepted(&state, command.clone()).1, Reply::Swapped(swapped), "{command:?}");
    }
    assert_eq!(accepted(&State::default(), write("tcp", Some(0))).1, Reply::Swapped(true));
}

fn intention(source: &str, form: IntentionForm) -> Command {
    Command::IntentionUpsert(Box::new(IntentionWrite {
        source: source.into(),
        destination: "api".into(),
        action: Some(Action::Deny),
        permissions: vec![],
        description: String::new(),
        form,
    }))
}

#[test]
fn intentions_by_id_refuse_doubles_and_move_with_their_id() {
    let create = |source| intention(source, IntentionForm::LegacyCreate { id: "id-1".into(), meta: [].into() });
    let update = |source| intention(source, IntentionForm::LegacyUpdate { id: "id-1".into(), meta: [].into() });
    assert!(matches!(refused(&State::default(), update("web")), ApplyError::Refused(_)));
    let state = replay(&[create("web"), intention("shop", IntentionForm::Exact)]);
    let ApplyError::Refused(text) = refused(&state, create("shop")) else { panic!() };
    assert!(text.starts_with("duplicate intention found: DENY default/shop => default/api"), "{text}");
    assert!(matches!(refused(&state, update("shop")), ApplyError::Refused(_)));
    let (state, _) = accepted(&state, update("db"));
    let view = StateView::new(&state);
    let sources: Vec<_> = view.intentions().iter().map(|intention| intention.source.to_string()).collect();
    assert_eq!(sources, ["db", "shop"]);
    let (state, _) = accepted(&state, Command::IntentionDelete(IntentionKey::Legacy("id-1".into())));
    assert_eq!(StateView::new(&state).intentions().len(), 1);
}

#[test]
fn the_authority_is_replaced_only_as_it_was_read_and_numbers_go_on_from_its_roots() {
    let update = |expected_modify_index, trust_domain: &str| {
        let roots = vec![CaRoot { active: true, serial_number: 90, ..CaRoot::default() }];
        let ca = CaState { trust_domain: trust_domain.into(), roots, ..CaState::default() };
        Command::CaUpdate { expected_modify_index, ca: Box::new(ca) }
    };
    let issue = || Command::CaIssue { service: "web".into() };
    assert!(matches!(refused(&State::default(), issue()), ApplyError::Refused(_)));
    let state = with_ca();
    assert_eq!(accepted(&state, issue()).1, Reply::Serial(4));
    assert_eq!(refused(&state, update(9, "t.consul")), ApplyError::Stale);
    assert!(matches!(refused(&state, update(1, "other.consul")), ApplyError::Refused(_)));
    let (state, _) = accepted(&state, update(1, "t.consul"));
    assert_eq!(accepted(&state, issue()).1, Reply::Serial(91));
}
