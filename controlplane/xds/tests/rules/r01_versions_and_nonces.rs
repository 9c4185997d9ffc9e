//! Rule 1: a version belongs to type and content, a nonce to one response of one stream.

use std::collections::HashSet;

use weft_xds::session::{Change, Limits, Offer, Protocol, Request, Response, Session};

use crate::support::{kind, set};

fn first_response(stream: u64, protocol: Protocol) -> Response {
    let mut session = Session::new(protocol, stream, Limits::default());
    session.offer(Offer { index: 1, set: set("cds/a=1") });
    ask(&mut session, protocol, "");
    session.poll_response().expect("a response")
}

fn ask(session: &mut Session, protocol: Protocol, nonce: &str) {
    let change = match protocol {
        Protocol::Delta => Change::Delta { subscribe: vec![], unsubscribe: vec![], initial: Default::default() },
        Protocol::Sotw => Change::Sotw { names: vec![], version: String::new() },
    };
    let request = Request { of: kind("cds"), nonce: nonce.to_owned(), fault: None, change };
    session.receive(request).expect("few names");
}

#[test]
fn nonces_are_unique_within_and_across_streams() {
    let mut nonces = HashSet::new();
    for protocol in [Protocol::Delta, Protocol::Sotw] {
        let streams = [1, 2, 3].map(|stream| stream + 10 * protocol as u64);
        for stream in streams {
            assert!(nonces.insert(first_response(stream, protocol).nonce));
        }
    }
    let mut session = Session::new(Protocol::Sotw, 99, Limits::default());
    ask(&mut session, Protocol::Sotw, "");
    let mut nonce = String::new();
    for index in 1..20 {
        let set = set(&format!("cds/a={index}"));
        session.offer(Offer { index, set });
        if index > 1 {
            ask(&mut session, Protocol::Sotw, &nonce);
        }
        nonce = session.poll_response().expect("a response").nonce;
        assert!(nonces.insert(nonce.clone()), "{nonce} came twice");
    }
}

#[test]
fn the_version_does_not_depend_on_the_stream() {
    for protocol in [Protocol::Delta, Protocol::Sotw] {
        let one = first_response(1, protocol);
        let other = first_response(2, protocol);
        assert_eq!(one.version, other.version);
        assert_ne!(one.nonce, one.version.to_string());
    }
}
