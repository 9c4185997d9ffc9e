//! Nodes whose names differ only in case are one, as in Consul: with the spelling that came last.
#![allow(clippy::unwrap_used)]

mod support;

use support::{register, replay, run};
use weft_model::command::Target;
use weft_model::{Command, NodeName};
use weft_state::{State, StateView};

fn spelling(state: &State) -> String {
    let view = StateView::new(state);
    let [node] = &view.nodes()[..] else { panic!("{:?}", view.nodes()) };
    node.value.name.to_string()
}

#[test]
fn a_node_in_another_case_is_the_same_node() {
    let state = replay(&[register("Foo", "web", "web"), register("foo", "db", "db"), register("FOO", "web", "web")]);
    assert_eq!(spelling(&state), "FOO");
    let view = StateView::new(&state);
    for name in ["foo", "Foo", "fOO"].map(NodeName::from) {
        let node = view.node(&name).unwrap();
        assert_eq!((node.create_index, node.modify_index), (1, 3));
        assert_eq!(view.node_services(&name).len(), 2);
        assert!(view.service(&name, &"db".into()).is_some());
    }
    let [web] = &view.instances(&"web".into())[..] else { panic!("one instance") };
    assert_eq!(web.node.value.name.as_str(), "FOO");

    let gone = run(&state, 4, Command::Deregister { node: "fOo".into(), target: Target::Node }).state;
    assert!(StateView::new(&gone).nodes().is_empty() && StateView::new(&gone).instances(&"web".into()).is_empty());
}

/// Servers compare what they hold byte by byte.
#[test]
fn spellings_are_the_same_on_a_server_that_has_been_restored() {
    let spelled = ["Foo", "fOO", "FOO", "foo"];
    let mut state = State::default();
    let mut restored = State::default();
    for (index, name) in (1..).zip(spelled.iter().cycle().take(12)) {
        let id = ["web", "db", "api", "web"][usize::try_from(index % 4).unwrap()];
        let command = register(name, id, if index > 6 { "other" } else { id });
        state = run(&state, index, command.clone()).state;
        restored = State::decode(&run(&restored, index, command).state.encode()).unwrap();
        assert_eq!(state.encode(), restored.encode(), "after {name}");
        assert_eq!(spelling(&state), *name);
    }
}
