//! One client of a cluster under measurement: the same calls for every kind, each over the protocol
//! that the kind's own clients use.

use std::net::SocketAddr;

use crate::cluster::Peer;
use crate::etcd::Etcd;
use crate::http::Connection;

/// One connection to one server.
pub(crate) enum Client {
    /// weft and Consul.
    Rest(Connection),
    Etcd(Etcd),
}

/// How fresh a read has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Linearizable,
    Stale,
}

impl Client {
    pub(crate) async fn open(peer: &Peer, address: SocketAddr) -> anyhow::Result<Self> {
        Ok(match peer {
            Peer::Weft(_) | Peer::Consul(_) => Self::Rest(Connection::open(address).await?),
            Peer::Etcd(_) => Self::Etcd(Etcd::open(address).await?),
        })
    }

    pub(crate) async fn put(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Rest(connection) => connection.send("PUT", &format!("/v1/kv/{key}"), value.to_vec()).await.map(drop),
            Self::Etcd(etcd) => etcd.put(key, value).await,
        }
    }

    pub(crate) async fn get(&mut self, key: &str, freshness: Freshness) -> anyhow::Result<()> {
        match self {
            Self::Rest(connection) => {
                let mode = if freshness == Freshness::Stale { "stale" } else { "consistent" };
                connection.send("GET", &format!("/v1/kv/{key}?{mode}"), "").await.map(drop)
            }
            Self::Etcd(etcd) => etcd.range(key, freshness == Freshness::Stale).await.map(drop),
        }
    }

    /// Whether the server at this address leads.
    pub(crate) async fn leads(&mut self, address: SocketAddr) -> anyhow::Result<bool> {
        match self {
            Self::Rest(connection) => {
                let (_, leader) = connection.get("/v1/status/leader").await?;
                let host = format!("{}:", address.ip());
                Ok(leader.as_str().is_some_and(|leader| leader.starts_with(&host)))
            }
            Self::Etcd(etcd) => etcd.leads().await,
        }
    }
}
