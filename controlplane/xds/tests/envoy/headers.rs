//! What a caller cannot say about itself, and who is told what about it.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use weft_model::config_entry::{ConfigEntry, Protocol, ServiceIntentions, Source};
use weft_model::intention::{Action, DefaultPolicy, HeaderPermission, HttpPermission};

use crate::caller::{Answer, Caller, Connection};
use crate::paths::intentions;
use crate::proxy::{Envoy, free_port};
use crate::world::Single;
use crate::{authority, backend};

#[tokio::test]
async fn an_application_hears_of_the_verified_caller_and_of_no_other() {
    let ca = authority::real();
    let (envoy, app, port) = (Envoy::start(), backend::start().await, free_port());
    let single = Single { default: DefaultPolicy::Allow, protocol: Protocol::Http, entries: vec![], port, app };
    envoy.take(single.resources(&ca)).await.unwrap();
    let mut connection = Caller::new(&authority::real_leaf(&ca, "web")).connect(port).await;
    let answer = connection
        .send_raw(
            b"GET / HTTP/1.1\r\nhost: api\r\nx-forwarded-client-cert: URI=spiffe://forged\r\nx-forwarded-for: 10.0.0.1\r\n\
              x-envoy-original-path: /forged\r\nx-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 99\r\n\
              x-envoy-decorator-operation: forged\r\nx-envoy-upstream-rq-timeout-ms: 1\r\nx-request-id: kept\r\n\r\n",
        )
        .await;
    let Answer::Http { status: 200, body } = answer else { panic!("{answer:?}") };
    let seen = body.to_ascii_lowercase();
    assert!(seen.contains(&format!("uri=spiffe://{}.consul/ns/default/dc/dc1/svc/web", authority::CLUSTER)), "{seen}");
    for gone in ["forged", "x-envoy-retry-on", "x-envoy-max-retries", "x-envoy-upstream-rq-timeout-ms"] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    assert!(seen.contains("x-envoy-expected-rq-timeout-ms: 15000"), "the caller does not set the timeout: {seen}");
}

/// A header that applications may take for the judged one is refused, unless it is judged itself.
#[tokio::test]
async fn a_header_with_an_underscore_does_not_pass_for_one_with_a_hyphen() {
    let ca = authority::real();
    let (envoy, app) = (Envoy::start(), backend::start().await);
    let header = |name: &str| HttpPermission {
        header: vec![HeaderPermission { name: name.into(), present: true, ..HeaderPermission::default() }],
        ..HttpPermission::default()
    };
    for (judged, expected) in [("x-admin", 400), ("x_other", 200)] {
        let port = free_port();
        let entries = vec![intentions(&[(Action::Deny, header(judged))])];
        let single = Single { default: DefaultPolicy::Allow, protocol: Protocol::Http, entries, port, app };
        envoy.take(single.resources(&ca)).await.unwrap();
        let mut connection = Caller::new(&authority::real_leaf(&ca, "web")).connect(port).await;
        let answer = connection.send_raw(b"GET / HTTP/1.1\r\nhost: api\r\nx_admin: yes\r\n\r\n").await;
        assert_eq!(answer.status(), expected, "{judged}: {answer:?}");
    }
}

/// Some servers speak first. A caller that is denied must not hear them: it is turned away in the
/// handshake, before Envoy's filter sees its first byte.
#[tokio::test]
async fn a_denied_caller_does_not_hear_a_server_that_speaks_first() {
    let ca = authority::real();
    let (envoy, port) = (Envoy::start(), free_port());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let app = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.write_all(b"welcome").await.unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(60)).await;
                drop(connection);
            });
        }
    });
    let deny = |name: &str| Source { name: name.into(), action: Some(Action::Deny), ..Source::default() };
    let mut entry =
        ServiceIntentions { name: "api".into(), sources: vec![deny("b+"), deny("web.2")], ..Default::default() };
    entry.normalize();
    let entries = vec![ConfigEntry::from(entry)];
    let single = Single { default: DefaultPolicy::Allow, protocol: Protocol::Tcp, entries, port, app };
    envoy.take(single.resources(&ca)).await.unwrap();
    for (name, hears) in [("web", true), ("webx2", true), ("web.2", false), ("b+", false)] {
        let mut connection: Connection = Caller::new(&authority::real_leaf(&ca, name)).connect(port).await;
        assert_eq!(connection.first_bytes().await == b"welcome", hears, "{name}");
    }
}
