//! Rule 15, as far as a session decides: huge lists and odd names.

use std::collections::HashMap;

use weft_xds::session::{Change, Limits, Offer, Protocol, Request, Session};

use crate::script::script;
use crate::support::{kind, set};

fn session(protocol: Protocol) -> Session {
    let limits = Limits { names_per_type: 10, ..Limits::default() };
    let mut session = Session::new(protocol, 1, limits);
    session.offer(Offer { index: 1, set: set("eds/a=1") });
    session
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("n{n}")).collect()
}

fn request(change: Change) -> Request {
    Request { of: kind("eds"), nonce: String::new(), fault: None, change }
}

#[test]
fn huge_lists_are_refused_and_change_nothing() {
    let sotw = |count| request(Change::Sotw { names: names(count), version: String::new() });
    let mut session = session(Protocol::Sotw);
    session.receive(sotw(10)).expect("just enough");
    let overload = session.receive(sotw(11)).expect_err("one too many");
    assert_eq!(overload.to_string(), "eds: 11 names asked for, at most 10 are allowed");
}

#[test]
fn lists_that_grow_and_lists_of_versions_are_bounded_too() {
    let delta = |subscribe: Vec<String>, versions: usize| {
        let initial = names(versions).into_iter().map(|name| (name, String::new()));
        request(Change::Delta { subscribe, unsubscribe: vec![], initial: initial.collect::<HashMap<_, _>>() })
    };
    let mut session = session(Protocol::Delta);
    session.receive(delta(vec![], 11)).expect_err("too many versions");
    for n in 0..10 {
        session.receive(delta(vec![format!("{n}")], 0)).expect("still few");
    }
    session.receive(delta(vec!["last".into()], 0)).expect_err("one too many");
}

#[test]
fn odd_names_are_names() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +../a +kubernetes://other +a/../a +%61
        < n1 eds -%61 -../a -a/../a -kubernetes://other
        > eds ack=n1",
    );
}
