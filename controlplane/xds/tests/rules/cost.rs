//! What an offer costs: what changed, whatever the size of the rest.

use std::time::{Duration, Instant};

use weft_xds::session::{Change, Limits, Offer, Protocol, Request, Session};
use weft_xds::set::ResourceSet;

use crate::support::{kind, resource};

#[test]
fn one_changed_endpoint_costs_the_same_among_100_and_among_4000() {
    let few = cost_among(100);
    let many = cost_among(4000);
    // In proportion to the rest it would be forty times as much; the maps' depth grows a little.
    assert!(many < few * 8, "{few:?} among 100, {many:?} among 4000");
}

/// The least time of one change: offered, sent and acknowledged.
fn cost_among(count: usize) -> Duration {
    let names: Vec<String> = (0..count).map(|n| format!("service-{n}")).collect();
    let all = names.iter().flat_map(|name| ["cds", "eds"].map(|of| format!("{of}/{name}=1")));
    let mut set: ResourceSet = all.map(|short| resource(&short)).collect();
    let mut session = Session::new(Protocol::Delta, 1, Limits::default());
    offer(&mut session, 1, &set);
    ask(&mut session, "cds", vec![], "");
    ask(&mut session, "eds", names, "");
    while let Some(response) = session.poll_response() {
        ask(&mut session, response.of.kind().short, vec![], &response.nonce);
    }
    let mut least = Duration::MAX;
    for index in 2..200 {
        set.insert(resource(&format!("eds/service-50={index}")));
        let began = Instant::now();
        offer(&mut session, index, &set);
        let response = session.poll_response().expect("the change");
        assert_eq!(response.resources.len(), 1);
        ask(&mut session, "eds", vec![], &response.nonce);
        assert_eq!(session.poll_response(), None);
        least = least.min(began.elapsed());
    }
    least
}

fn offer(session: &mut Session, index: u64, set: &ResourceSet) {
    session.offer(Offer { index, set: set.clone() });
}

fn ask(session: &mut Session, of: &str, subscribe: Vec<String>, nonce: &str) {
    let request = Request {
        of: kind(of),
        nonce: nonce.to_owned(),
        fault: None,
        change: Change::Delta { subscribe, unsubscribe: vec![], initial: Default::default() },
    };
    session.receive(request).expect("few names");
}
