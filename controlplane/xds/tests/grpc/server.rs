//! A server on a port of its own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinHandle;
use tonic::transport::server::TcpIncoming;
use weft_xds::StaticSource;
use weft_xds::ads::{Ads, Config};
use weft_xds::ledger::Ledger;
use weft_xds::source::ResourceSource;

pub struct Server<S> {
    pub address: SocketAddr,
    pub source: S,
    pub ledger: Ledger,
    pub ads: Ads<S>,
    task: JoinHandle<()>,
}

impl Server<StaticSource> {
    pub fn start() -> Self {
        Self::with(StaticSource::default(), Config::default())
    }

    pub fn with_config(config: Config) -> Self {
        Self::with(StaticSource::default(), config)
    }
}

impl<S: ResourceSource + Clone> Server<S> {
    pub fn with(source: S, config: Config) -> Self {
        let ledger = Ledger::default();
        let ads = Ads::new(source.clone(), ledger.clone(), config);
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let incoming = incoming.with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let router = tonic::transport::Server::builder().add_service(ads.clone());
        let task = tokio::spawn(async move {
            router.serve_with_incoming(incoming).await.unwrap();
        });
        Self { address, source, ledger, ads, task }
    }
}

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until something is so; panics when it does not come about.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came about: {what}");
}
