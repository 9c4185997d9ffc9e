//! Prepared queries, places and events: what is refused, what ends with what, what is found.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use support::extras::{event, place, query, template};
use support::sessions::{World, sid};
use support::{check_of, register};
use uuid::Uuid;
use weft_model::command::Target;
use weft_model::event::UserEvent;
use weft_model::health::CheckStatus;
use weft_model::prepared_query::{PreparedQuery, ServiceQuery};
use weft_model::{Command, NodeName, Reply};

fn create(query: PreparedQuery) -> Command {
    Command::QueryCreate(Box::new(query))
}

fn refused(world: &mut World, command: Command) -> String {
    world.run(command).unwrap_err().to_string()
}

#[test]
fn a_name_is_one_querys() {
    let mut world = World::with_sessions(1);
    assert_eq!(world.run(create(query(1, "q"))), Ok(Reply::Done));
    assert_eq!(refused(&mut world, create(query(2, "Q"))), "name 'Q' aliases an existing query name");
    assert_eq!(refused(&mut world, create(template(2, "q"))), "name 'q' aliases an existing query name");
    let id = Uuid::from_u128(1).to_string();
    assert_eq!(refused(&mut world, create(query(2, &id))), format!("name '{id}' aliases an existing query ID"));
    world.run(create(template(3, ""))).unwrap();
    assert_eq!(refused(&mut world, create(template(4, ""))), "a query template with an empty name already exists");
    let missing = Uuid::from_u128(9);
    assert_eq!(
        refused(&mut world, Command::QueryDelete(missing)),
        format!("Cannot modify non-existent prepared query: '{missing}'")
    );
    world.run(Command::QueryUpdate(Box::new(query(1, "r")))).unwrap();
    world.run(create(query(2, "q"))).unwrap();
}

#[test]
fn a_query_ends_with_its_session() {
    let mut world = World::with_sessions(1);
    let bound = |number, session| create(PreparedQuery { session: Some(sid(session)), ..query(number, "") });
    assert_eq!(refused(&mut world, bound(1, 7)), format!("invalid session \"{}\"", sid(7)));
    world.run(bound(1, 1)).unwrap();
    world.run(create(query(2, "q"))).unwrap();
    world.run(Command::SessionDestroy(sid(1))).unwrap();
    let left: Vec<_> = world.view().queries().into_iter().map(|query| query.value.id).collect();
    assert_eq!(left, [Uuid::from_u128(2)]);
}

#[test]
fn a_name_means_the_query_or_the_longest_template() {
    let mut world = World::with_sessions(1);
    for query in [query(1, "geo-db"), template(2, "geo-"), template(3, ""), template(4, "geo-eu-")] {
        world.run(create(query)).unwrap();
    }
    let view = world.view();
    let found = |name: &str| {
        let query = view.resolve_query(name, "").unwrap().unwrap();
        (query.value.id.as_u128(), query.value.service.service.to_string())
    };
    assert_eq!(found("GEO-DB"), (1, "web".into()));
    assert_eq!(found("geo-api"), (2, "api".into()));
    assert_eq!(found("geo-eu-api"), (4, "api".into()));
    assert_eq!(found("ge"), (3, "ge".into()));
    assert_eq!(found(&Uuid::from_u128(1).to_string()), (1, "web".into()));
    assert!(view.resolve_query(&Uuid::from_u128(2).to_string(), "").is_err());
    assert_eq!(view.resolve_query("", ""), Ok(None));
}

#[test]
fn health_tags_and_metadata_choose() {
    let mut world = World::with_sessions(0);
    for (node, tags, status) in [
        ("n1", ["a", "b"], CheckStatus::Passing),
        ("n2", ["A", "c"], CheckStatus::Warning),
        ("n3", ["a", "d"], CheckStatus::Critical),
    ] {
        let Command::Register(mut registration) = register(node, "web", "web") else { panic!() };
        registration.services[0].service.tags = tags.map(str::to_owned).to_vec();
        registration.services[0].service.meta.insert("on".into(), node.into());
        registration.checks.push(check_of(node, "c", "web", status));
        world.run(Command::Register(registration)).unwrap();
    }
    let view = world.view();
    let on = |change: fn(&mut ServiceQuery)| {
        let mut wanted = query(1, "q").service;
        change(&mut wanted);
        let found = view.query_instances(&wanted, false);
        found.iter().map(|instance| instance.node.value.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(on(|_| {}), ["n1", "n2"]);
    assert_eq!(on(|query| query.only_passing = true), ["n1"]);
    assert_eq!(on(|query| query.ignore_check_ids = vec!["c".into()]), ["n1", "n2", "n3"]);
    assert_eq!(on(|query| query.tags = vec!["a".into(), "!B".into()]), ["n2"]);
    assert_eq!(on(|query| drop(query.service_meta.insert("on".into(), "n2".into()))), ["n2"]);
    assert_eq!(on(|query| drop(query.node_meta.insert("x".into(), "y".into()))), Vec::<String>::new());
    assert_eq!(on(|query| query.connect = true), Vec::<String>::new());
    assert_eq!(on(|query| query.peer = "p".into()), Vec::<String>::new());
}

#[test]
fn who_is_near_comes_first_and_who_is_nowhere_last() {
    let mut world = World::with_sessions(0);
    for node in ["n1", "n2", "n3"] {
        world.run(register(node, "web", "web")).unwrap();
    }
    let moved = vec![place("n1", 3.0), place("n2", 1.0), place("gone", 0.0)];
    world.run(Command::CoordinatesUpdate(moved.clone())).unwrap();
    assert_eq!(world.view().coordinates(), &moved[..2], "only those of nodes there are");
    let near = |world: &World, from: &str| {
        let mut nodes: Vec<NodeName> = ["n3", "n1", "n2"].map(NodeName::from).to_vec();
        world.view().sort_by_distance(&from.into(), &mut nodes, |node| node);
        nodes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(near(&world, "n2"), ["n2", "n1", "n3"]);
    assert_eq!(near(&world, "n3"), ["n3", "n1", "n2"], "without a place of its own nothing moves");
    world.run(Command::Deregister { node: "n1".into(), target: Target::Node }).unwrap();
    assert_eq!(world.view().coordinates(), &moved[1..2]);
    assert_eq!(near(&world, "n2"), ["n2", "n3", "n1"]);
}

#[test]
fn the_newest_events_are_remembered_in_order() {
    let mut world = World::with_sessions(0);
    for number in 0..=UserEvent::KEPT as u128 {
        world.run(Command::EventFire(Box::new(event(number)))).unwrap();
    }
    let events = world.view().events();
    assert_eq!(events.len(), UserEvent::KEPT);
    assert_eq!((events[0].id.as_u128(), events[0].time), (1, 2));
    assert_eq!(events.last().unwrap().time, UserEvent::KEPT as u64 + 1);
    let restored = weft_state::State::decode(&world.state.encode()).unwrap();
    assert_eq!(Arc::new(restored), Arc::new(world.state));
}
