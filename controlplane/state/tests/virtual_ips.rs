//! Virtual addresses come and go with what serves a name in the mesh, on all servers alike.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::Ipv4Addr;

use support::{register, run};
use weft_model::Command;
use weft_model::catalog::{Proxy, ServiceKind};
use weft_model::command::Target;
use weft_state::{State, StateView};

fn proxy(node: &str, id: &str, destination: &str) -> Command {
    let Command::Register(mut registration) = register(node, id, id) else { panic!() };
    let service = &mut registration.services[0].service;
    service.kind = ServiceKind::ConnectProxy;
    service.proxy = Some(Box::new(Proxy { destination_service_name: destination.into(), ..Proxy::default() }));
    Command::Register(registration)
}

fn gone(id: &str) -> Command {
    Command::Deregister { node: "n1".into(), target: Target::Service(id.into()) }
}

fn after(commands: impl IntoIterator<Item = Command>) -> State {
    let indexed = (1..).zip(commands);
    indexed.fold(State::default(), |state, (index, command)| {
        let outcome = run(&state, index, command);
        outcome.reply.unwrap();
        outcome.state
    })
}

fn ip(state: &State, name: &str) -> Option<Ipv4Addr> {
    StateView::new(state).virtual_ip(&name.into())
}

#[test]
fn an_address_is_kept_while_something_serves_the_name() {
    let first = after([register("n1", "web", "web"), proxy("n1", "p1", "web")]);
    let address = ip(&first, "web");
    assert!(address.is_some() && ip(&first, "p1").is_none());
    let other = after([proxy("n1", "p1", "web"), proxy("n1", "p2", "web"), gone("p1")]);
    assert_eq!(ip(&other, "web"), address);
    let none = after([register("n1", "web", "web"), proxy("n1", "p1", "web"), gone("p1")]);
    assert_eq!(ip(&none, "web"), None);
    let moved = after([proxy("n1", "p1", "web"), proxy("n1", "p1", "db")]);
    assert_eq!((ip(&moved, "web"), ip(&moved, "db").is_some()), (None, true));
    let back = after([proxy("n1", "p1", "web"), gone("p1"), proxy("n1", "p1", "web")]);
    assert_eq!(ip(&back, "web"), address);
}

#[test]
fn a_snapshot_of_a_former_version_gets_them_too() {
    let state = after([proxy("n1", "p1", "web"), proxy("n1", "p2", "db")]);
    let bytes = state.encode();
    assert_eq!(State::decode(&bytes).unwrap(), state);
    // As if there were no such table: its name is one that nobody knows.
    let at = bytes.windows(11).position(|window| window == b"virtual_ips").unwrap();
    let mut former = bytes;
    former[at] = b'_';
    assert_eq!(State::decode(&former).unwrap(), state);
}
