//! Laws of the session, judged by a model of Envoy: whatever is offered, lost, refused or reordered in
//! time, the client ends with what was offered last, never holds a listener or route to a cluster that
//! it lacks, and is not told what it knows.
#![allow(unreachable_pub, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod world;

use proptest::prelude::*;
use weft_xds::session::Protocol;

use client::Manners;
use world::{Step, World, steps};

fn run(protocol: Protocol, manners: Manners, steps: Vec<Step>) {
    let mut world = World::new(protocol, manners);
    for step in steps {
        world.step(step);
    }
    world.heal();
    world.assert_converged();
    world.assert_quiet_when_nothing_changes();
    world.assert_quiet_after_a_reconnect();
}

fn manners() -> impl Strategy<Value = Manners> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(names_culprits, keeps_good_parts)| Manners { names_culprits, keeps_good_parts })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_delta_client_converges(manners in manners(), steps in steps()) {
        run(Protocol::Delta, manners, steps);
    }

    #[test]
    fn a_sotw_client_converges(manners in manners(), steps in steps()) {
        run(Protocol::Sotw, manners, steps);
    }
}
