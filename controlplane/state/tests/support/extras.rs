//! Random commands about prepared queries, places, events and chosen addresses.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use uuid::Uuid;
use weft_model::Command;
use weft_model::coordinate::{Coordinate, NodeCoordinate};
use weft_model::event::UserEvent;
use weft_model::prepared_query::{PreparedQuery, ServiceQuery, Template};

use super::pick;
use super::sessions::sid;

pub(crate) fn query(number: u128, name: &str) -> PreparedQuery {
    PreparedQuery {
        id: Uuid::from_u128(number),
        name: name.into(),
        service: ServiceQuery { service: "web".into(), ..ServiceQuery::default() },
        ..PreparedQuery::default()
    }
}

pub(crate) fn template(number: u128, name: &str) -> PreparedQuery {
    let mut template = query(number, name);
    template.template = Template { kind: "name_prefix_match".into(), ..Template::default() };
    template.service.service = "${name.suffix}".into();
    template
}

pub(crate) fn place(node: &str, x: f64) -> NodeCoordinate {
    let mut coord = Coordinate::default();
    coord.vec[0] = x;
    NodeCoordinate { node: node.into(), segment: String::new(), coord }
}

pub(crate) fn event(number: u128) -> UserEvent {
    UserEvent {
        id: Uuid::from_u128(number),
        name: "deploy".into(),
        payload: "v2".into(),
        node_filter: String::new(),
        service_filter: String::new(),
        tag_filter: String::new(),
        time: 0,
    }
}

/// A random command about these.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    let query = || {
        (1u128..4, pick(&["", "q", "Q", "geo-"]), any::<bool>(), prop::option::of(1u128..4)).prop_map(
            |(number, name, is_template, session)| {
                let query = if is_template { template(number, name) } else { query(number, name) };
                Box::new(PreparedQuery { session: session.map(sid), ..query })
            },
        )
    };
    prop_oneof![
        3 => query().prop_map(Command::QueryCreate),
        2 => query().prop_map(Command::QueryUpdate),
        1 => (1u128..4).prop_map(|number| Command::QueryDelete(Uuid::from_u128(number))),
        1 => (pick(&super::NODES), 0u8..3)
            .prop_map(|(node, x)| Command::CoordinatesUpdate(vec![place(node, f64::from(x))])),
        1 => (1u128..9).prop_map(|number| Command::EventFire(Box::new(event(number)))),
        1 => (pick(&super::NAMES), 1u8..4).prop_map(|(name, last)| {
            let addresses = vec![Ipv4Addr::new(10, 0, 0, last).into()];
            Command::VirtualIpsAssign { service: name.into(), addresses }
        }),
    ]
}
