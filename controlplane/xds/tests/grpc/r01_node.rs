//! Rule 1, as far as the service decides: the node comes first and stays the same.

use tonic::Code;
use weft_proto::envoy::core::node::UserAgentVersionType;

use crate::client::{BOTH, Client, channel, node};
use crate::server::Server;
use crate::support::set;

#[tokio::test]
async fn the_first_request_must_carry_a_node() {
    let server = Server::start();
    for protocol in BOTH {
        for missing in [None, Some(node(""))] {
            let channel = channel(server.address).await;
            let mut client = Client::open(channel, protocol, missing, None).await;
            client.subscribe_all("cds").await;
            let text = client.expect_end(Code::InvalidArgument).await;
            assert!(text.contains("node"), "{text}");
        }
    }
}

#[tokio::test]
async fn later_requests_need_not_carry_it_and_may_not_change_it() {
    let server = Server::start();
    server.source.set(set("cds/a=1 lds/l=1"));
    for protocol in BOTH {
        let mut client = Client::connect(server.address, protocol, "web").await;
        client.subscribe_all("cds").await;
        client.expect("cds a=1").await;
        client.node = Some(node("web"));
        client.subscribe_all("lds").await;
        client.expect("lds l=1").await;
        client.node = Some(node("api"));
        client.subscribe("eds", &["a"]).await;
        client.expect_end(Code::InvalidArgument).await;
    }
}

#[tokio::test]
async fn an_old_envoy_is_told_so() {
    let server = Server::start();
    for protocol in BOTH {
        let old = weft_proto::envoy::core::Node {
            user_agent_name: "envoy".into(),
            user_agent_version_type: Some(UserAgentVersionType::UserAgentVersion("1.30.0".into())),
            ..node("web")
        };
        let channel = channel(server.address).await;
        let mut client = Client::open(channel, protocol, Some(old), None).await;
        client.subscribe_all("cds").await;
        let text = client.expect_end(Code::FailedPrecondition).await;
        assert!(text.contains("1.30 is not supported"), "{text}");
    }
}
