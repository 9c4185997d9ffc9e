//! Closed-loop load: each client sends its next request when the last one is answered.

use std::time::{Duration, Instant};

use crate::client::{Client, Freshness};
use crate::cluster::Cluster;
use crate::http::Connection;
use crate::stats::Times;

/// Over how many keys, services or instances a load is spread.
const SPREAD: u64 = 10_000;

/// One kind of request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    KvPut,
    KvGet(Freshness),
    CatalogRegister,
    /// By way of the leader, or of a server that has to forward.
    AgentRegister(Way),
    Health(Freshness),
    CatalogService,
}

/// Which server the clients talk to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Leader,
    Follower,
}

impl Case {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::KvPut => "kv put",
            Self::KvGet(Freshness::Linearizable) => "kv get",
            Self::KvGet(Freshness::Stale) => "kv get stale",
            Self::CatalogRegister => "catalog register",
            Self::AgentRegister(Way::Leader) => "agent register",
            Self::AgentRegister(Way::Follower) => "agent forwarded",
            Self::Health(Freshness::Linearizable) => "health",
            Self::Health(Freshness::Stale) => "health stale",
            Self::CatalogService => "catalog service",
        }
    }

    /// etcd has keys only.
    pub(crate) const fn is_kv(self) -> bool {
        matches!(self, Self::KvPut | Self::KvGet(_))
    }

    const fn way(self) -> Way {
        match self {
            Self::AgentRegister(way) => way,
            Self::KvPut | Self::KvGet(_) | Self::CatalogRegister | Self::Health(_) | Self::CatalogService => {
                Way::Leader
            }
        }
    }

    async fn send(self, client: &mut Client, number: u64) -> anyhow::Result<()> {
        let key = format!("bench/{}", number % SPREAD);
        match (self, client) {
            (Self::KvPut, client) => client.put(&key, &[b'x'; 256]).await,
            (Self::KvGet(freshness), client) => client.get(&key, freshness).await,
            (Self::CatalogRegister, Client::Rest(rest)) => rest.put("/v1/catalog/register", &catalog(number)).await,
            (Self::AgentRegister(_), Client::Rest(rest)) => {
                rest.put("/v1/agent/service/register", &agent(number)).await
            }
            (Self::Health(freshness), Client::Rest(rest)) => health(rest, freshness).await,
            (Self::CatalogService, Client::Rest(rest)) => {
                rest.send("GET", "/v1/catalog/service/web", "").await.map(drop)
            }
            (
                Self::CatalogRegister | Self::AgentRegister(_) | Self::Health(_) | Self::CatalogService,
                Client::Etcd(_),
            ) => anyhow::bail!("etcd has no services"),
        }
    }
}

fn catalog(number: u64) -> serde_json::Value {
    serde_json::json!({"Node": format!("bench-{}", number % 50), "Address": "127.0.0.1",
        "Service": {"ID": format!("b-{}", number % 1000), "Service": "bench", "Port": 8080, "Meta": {"v": number.to_string()}}})
}

fn agent(number: u64) -> serde_json::Value {
    serde_json::json!({"ID": format!("a-{}", number % 200), "Name": "abench", "Port": 8080, "Meta": {"v": number.to_string()}})
}

async fn health(connection: &mut Connection, freshness: Freshness) -> anyhow::Result<()> {
    let mode = if freshness == Freshness::Stale { "&stale" } else { "" };
    connection.send("GET", &format!("/v1/health/service/web?passing{mode}"), "").await.map(drop)
}

/// What a run of one case gave.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) times: Times,
    /// The longest while in which nobody got an answer.
    pub(crate) silence: Duration,
    /// CPU of all servers for one request.
    pub(crate) cpu_each: Duration,
}

/// Writes every key that a load may read.
pub(crate) async fn fill(cluster: &Cluster) -> anyhow::Result<()> {
    const CLIENTS: usize = 64;
    let address = cluster.addresses()[cluster.leader().await?];
    let mut shares = Vec::new();
    for place in (0..SPREAD).take(CLIENTS) {
        let mut client = Client::open(&cluster.peer, address).await?;
        shares.push(tokio::spawn(async move {
            for number in (place..SPREAD).step_by(CLIENTS) {
                Case::KvPut.send(&mut client, number).await?;
            }
            anyhow::Ok(())
        }));
    }
    for share in shares {
        share.await??;
    }
    Ok(())
}

/// Runs one case with this many clients against one server.
pub(crate) async fn run(cluster: &Cluster, case: Case, clients: u64, length: Duration) -> anyhow::Result<Figures> {
    let addresses = cluster.addresses();
    let place = match case.way() {
        Way::Leader => cluster.leader().await?,
        Way::Follower => (cluster.leader().await? + 1) % addresses.len(),
    };
    let address = addresses[place];
    let mut open = Vec::new();
    for _ in 0..clients {
        open.push(Client::open(&cluster.peer, address).await?);
    }
    let (busy, start) = (cluster.cpu(), Instant::now());
    let until = start + length;
    let loops: Vec<_> = open
        .into_iter()
        .zip(0..)
        .map(|(client, place)| tokio::spawn(client_loop(client, case, place, clients, until)))
        .collect();
    let mut spans = Vec::new();
    for client in loops {
        spans.extend(client.await??);
    }
    let count = u32::try_from(spans.len().max(1))?;
    Ok(Figures {
        per_second: f64::from(count) / start.elapsed().as_secs_f64(),
        cpu_each: (cluster.cpu() - busy) / count,
        silence: silence(start, &spans),
        times: Times::new(spans.iter().map(|(began, ended)| *ended - *began).collect()),
    })
}

/// The longest while without an answer.
fn silence(start: Instant, spans: &[(Instant, Instant)]) -> Duration {
    let mut answers: Vec<_> = std::iter::once(start).chain(spans.iter().map(|(_, ended)| *ended)).collect();
    answers.sort_unstable();
    answers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

async fn client_loop(
    mut client: Client,
    case: Case,
    place: u64,
    clients: u64,
    until: Instant,
) -> anyhow::Result<Vec<(Instant, Instant)>> {
    let (mut spans, mut number) = (Vec::new(), place);
    while Instant::now() < until {
        let start = Instant::now();
        case.send(&mut client, number).await?;
        spans.push((start, Instant::now()));
        number += clients;
    }
    Ok(spans)
}
