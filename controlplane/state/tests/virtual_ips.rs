//! Virtual addresses come and go with what serves a name in the mesh, on all servers alike.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::{IpAddr, Ipv4Addr};

use support::{register, run};
use weft_model::catalog::{Proxy, ServiceKind};
use weft_model::command::Target;
use weft_model::config_entry::{Kind, ServiceResolver};
use weft_model::{Command, Reply, ServiceName, Topic};
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

fn choose(service: &str, last: &[u8]) -> Command {
    Command::VirtualIpsAssign { service: service.into(), addresses: addresses(last) }
}

fn addresses(last: &[u8]) -> Vec<IpAddr> {
    last.iter().map(|last| Ipv4Addr::new(10, 0, 0, *last).into()).collect()
}

fn chosen(state: &State, name: &str) -> Vec<IpAddr> {
    StateView::new(state).chosen_ips(&name.into()).to_vec()
}

#[test]
fn a_chosen_address_moves_to_whoever_asks_last() {
    let state = after([proxy("n1", "p1", "web"), proxy("n1", "p2", "db"), choose("web", &[1, 2, 3])]);
    let before = ip(&state, "web");
    let moved = run(&state, 4, choose("db", &[2, 9]));
    assert_eq!(moved.reply, Ok(Reply::Assigned(Some(vec![ServiceName::from("web")]))));
    assert_eq!(
        moved.changed.0.iter().collect::<Vec<_>>(),
        [&Topic::Connect("db".into()), &Topic::Connect("web".into())]
    );
    assert_eq!(chosen(&moved.state, "web"), addresses(&[1, 3]));
    assert_eq!(chosen(&moved.state, "db"), addresses(&[2, 9]));
    assert_eq!(ip(&moved.state, "web"), before, "the one of its own stays");
    let again = run(&moved.state, 5, choose("db", &[2, 9]));
    assert_eq!((again.reply, again.changed.0.len()), (Ok(Reply::Assigned(Some(vec![]))), 0));
    let none = run(&moved.state, 5, choose("db", &[]));
    assert_eq!((chosen(&none.state, "db"), none.changed.0.len()), (vec![], 1));
    assert_eq!(State::decode(&moved.state.encode()).unwrap(), moved.state);
}

#[test]
fn addresses_are_chosen_for_what_the_mesh_knows() {
    let state = after([register("n1", "web", "web"), proxy("n1", "p1", "db"), choose("db", &[1])]);
    let refused = run(&state, 4, choose("web", &[1]));
    assert_eq!((refused.reply, chosen(&refused.state, "db")), (Ok(Reply::Assigned(None)), addresses(&[1])));
    assert_eq!(chosen(&run(&state, 4, gone("p1")).state, "db"), addresses(&[]));

    let entry = ServiceResolver { name: "api".into(), ..ServiceResolver::default() };
    let upsert = Command::ConfigUpsert { entry: Box::new(entry.into()), cas: None };
    let delete = Command::ConfigDelete { kind: Kind::ServiceResolver, name: "api".into(), cas: None };
    let written = after([upsert.clone(), choose("api", &[1])]);
    assert_eq!(chosen(&written, "api"), addresses(&[1]));
    let deleted = run(&written, 3, delete.clone());
    assert_eq!(chosen(&deleted.state, "api"), addresses(&[]));
    assert!(deleted.changed.0.contains(&Topic::Connect("api".into())));
    let both = after([upsert, proxy("n1", "p1", "api"), choose("api", &[1]), delete]);
    assert_eq!(chosen(&both, "api"), addresses(&[1]));
}

#[test]
fn a_snapshot_without_chosen_addresses_has_none() {
    let state = after([proxy("n1", "p1", "web"), choose("web", &[1])]);
    let mut former = state.encode();
    let at = former.windows(10).position(|window| window == b"chosen_ips").unwrap();
    former[at] = b'_';
    let read = State::decode(&former).unwrap();
    assert_eq!((chosen(&read, "web"), ip(&read, "web")), (vec![], ip(&state, "web")));
}
