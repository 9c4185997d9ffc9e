//! Rule 20: a rotated secret is pushed at once; no TTL is ever sent, so no client has to know it.

use prost::Message;
use weft_proto::envoy::discovery::DeltaDiscoveryResponse;
use weft_xds::session::{Change, Limits, Offer, Protocol, Request, Session};
use weft_xds::wire::DeltaFrame;

use crate::script::script;
use crate::support::{kind, set};

#[test]
fn a_rotated_secret_is_pushed_though_nobody_asks_again() {
    for (face, name) in [("delta", "+leaf"), ("sotw", "leaf")] {
        script(&format!(
            "{face}
            offer 1 | sds/leaf=1 sds/roots=1
            > sds {name}
            < n1 sds leaf=1
            > sds {kept} ack=n1
            offer +sds/leaf=2
            < n2 sds leaf=2",
            kept = if face == "sotw" { "leaf" } else { "" },
        ));
    }
}

#[test]
fn resources_carry_no_ttl() {
    let mut session = Session::new(Protocol::Delta, 1, Limits::default());
    session.offer(Offer { index: 1, set: set("cds/a=1") });
    let request = Request {
        of: kind("cds"),
        nonce: String::new(),
        fault: None,
        change: Change::Delta { subscribe: vec![], unsubscribe: vec![], initial: Default::default() },
    };
    session.receive(request).expect("few names");
    let frame = DeltaFrame::from(session.poll_response().expect("a response"));
    let bytes = frame.encode_to_vec();
    let response = DeltaDiscoveryResponse::decode(bytes.as_slice()).expect("a response");
    assert_eq!(response.resources.len(), 1);
    assert!(response.resources.iter().all(|resource| resource.ttl.is_none()));
}
