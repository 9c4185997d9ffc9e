//! Rule 19, as far as the service decides: the source learns who calls, and its refusals are told.

use std::sync::{Arc, Mutex};

use tonic::Code;
use weft_model::secret::Secret;
use weft_xds::StaticSource;
use weft_xds::ads::Config;
use weft_xds::session::Protocol;
use weft_xds::source::{Opening, Refusal, ResourceSource};

use crate::client::{BOTH, Client, channel, node};
use crate::server::Server;
use crate::support::set;

/// Knows two proxies, of which one has a token.
#[derive(Clone, Default)]
struct Guarded {
    inner: StaticSource,
    openings: Arc<Mutex<Vec<Opening>>>,
}

impl ResourceSource for Guarded {
    type Subscription = <StaticSource as ResourceSource>::Subscription;

    async fn open(&self, opening: Opening) -> Result<Self::Subscription, Refusal> {
        self.openings.lock().unwrap().push(opening.clone());
        match (opening.node.id.as_str(), opening.token.as_ref().map(Secret::reveal)) {
            ("web", Some("web-token")) => self.inner.open(opening).await,
            ("web", Some(_)) => Err(Refusal::Denied("the token is of another service".into())),
            ("web", None) => Err(Refusal::Unauthenticated("a token is needed".into())),
            (id, _) => Err(Refusal::UnknownProxy(id.to_owned())),
        }
    }
}

#[tokio::test]
async fn refusals_have_clear_codes_and_texts() {
    let server = Server::with(Guarded::default(), Config::default());
    let cases = [
        ("nobody", None, Code::NotFound, "nobody"),
        ("web", None, Code::Unauthenticated, "token is needed"),
        ("web", Some("api-token"), Code::PermissionDenied, "another service"),
    ];
    for protocol in BOTH {
        for (id, token, code, text) in cases {
            let channel = channel(server.address).await;
            let mut client = Client::open(channel, protocol, Some(node(id)), token).await;
            client.subscribe_all("cds").await;
            let told = client.expect_end(code).await;
            assert!(told.contains(text), "{told}");
        }
    }
}

#[tokio::test]
async fn the_source_learns_who_calls() {
    let server = Server::with(Guarded::default(), Config::default());
    server.source.inner.set(set("cds/a=1"));
    for protocol in BOTH {
        let channel = channel(server.address).await;
        let token = Some("web-token");
        let mut client = Client::open(channel, protocol, Some(node("web")), token).await;
        client.subscribe_all("cds").await;
        client.expect("cds a=1").await;
        let opening = server.source.openings.lock().unwrap().pop().unwrap();
        assert_eq!(opening.token.as_ref().map(Secret::reveal), token);
        assert_eq!(opening.protocol, protocol);
        assert!(opening.peer.unwrap().ip().is_loopback());
    }
}

#[tokio::test]
async fn names_beyond_the_own_set_do_not_exist() {
    let server = Server::start();
    server.source.set(set("sds/leaf=1"));
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe("sds", &["*", "../x", "kubernetes://other", "leaf"]).await;
        let expected = match protocol {
            Protocol::Delta => "sds leaf=1 -* -../x -kubernetes://other",
            Protocol::Sotw => "sds leaf=1",
        };
        client.expect(expected).await;
        client.expect_silence().await;
    }
}
