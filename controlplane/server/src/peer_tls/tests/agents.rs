//! Client agents at the servers' port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_raft::TransportError;
use weft_raft::peer::{Clients, Identity, reach, serve};

use super::super::{Link, client_link, generate};
use super::support::{Yes, config, link_of};
use crate::config::Config;

/// Counts the agents that are let in.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Clients for Counter {
    fn converse(&self, _: TlsStream<TcpStream>, _: SocketAddr, _: CancellationToken) -> BoxFuture<'static, ()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }
}

/// What an agent hears at a server's port, and how many agents the server has let in.
async fn knock(agent: &Link, server: &Link) -> (Result<(), TransportError>, usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (counter, identity) = (Arc::new(Counter::default()), Arc::new(Identity::new(2, "dc1")));
    let clients: Arc<dyn Clients> = counter.clone();
    let serving = serve(listener, server.tls(), Arc::new(Yes), Some(clients), identity, CancellationToken::new());
    let _serving = AbortOnDropHandle::new(tokio::spawn(serving));
    let reached = reach(&address, &agent.tls()).await.map(drop);
    // The server may only be about to hand the connection on.
    for _ in 0..100 {
        if reached.is_err() || counter.0.load(Ordering::SeqCst) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    (reached, counter.0.load(Ordering::SeqCst))
}

fn agent(config: &Config) -> Link {
    client_link(config).unwrap()
}

#[tokio::test]
async fn an_agent_with_the_secret_is_let_in() {
    let config = config("dc1", &generate());
    assert_eq!(knock(&agent(&config), &link_of(&config, 2)).await, (Ok(()), 1));
}

#[tokio::test]
async fn another_secret_and_another_datacenter_are_named_as_the_reason() {
    let (secret, server) = (generate(), |secret: &str| link_of(&config("dc1", secret), 2));
    for (agent, text) in [
        (agent(&config("dc1", &generate())), "the join secret (encrypt)"),
        (agent(&config("dc2", &secret)), "names server.dc1.consul"),
    ] {
        let (reached, count) = knock(&agent, &server(&secret)).await;
        let Err(TransportError::Refused(why)) = reached else { panic!("{reached:?}") };
        assert!(why.contains(text) && count == 0, "{why}");
    }
}

#[tokio::test]
async fn a_servers_certificate_is_none_of_an_agent_and_the_other_way_round() {
    let config = config("dc1", &generate());
    let (server, agent) = (link_of(&config, 1), agent(&config));
    // Each with its own certificate, and the other's protocol.
    for (from, client) in [(&server, &agent), (&agent, &server)] {
        let mut tls = from.tls();
        let mut odd = (*tls.client).clone();
        odd.alpn_protocols.clone_from(&client.tls().client.alpn_protocols);
        tls.client = Arc::new(odd);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (counter, identity) = (Arc::new(Counter::default()), Arc::new(Identity::new(2, "dc1")));
        let clients: Arc<dyn Clients> = counter.clone();
        let there = link_of(&config, 2).tls();
        let serving = serve(listener, there, Arc::new(Yes), Some(clients), identity, CancellationToken::new());
        let _serving = AbortOnDropHandle::new(tokio::spawn(serving));
        let reached = reach(&address, &tls).await.map(drop);
        assert!(matches!(&reached, Err(TransportError::Refused(_))), "{reached:?}");
        assert_eq!(counter.0.load(Ordering::SeqCst), 0);
    }
}
