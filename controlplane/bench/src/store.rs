//! One server or three: writes and reads a second, their latency and what they cost, by number of clients.

use std::time::Duration;

use serde_json::json;

use crate::client::Freshness::{Linearizable, Stale};
use crate::cluster::{Cluster, Peer};
use crate::http::Connection;
use crate::load::{self, Case, Way};

const CASES: [Case; 9] = [
    Case::KvPut,
    Case::KvGet(Linearizable),
    Case::KvGet(Stale),
    Case::CatalogRegister,
    Case::AgentRegister(Way::Leader),
    Case::AgentRegister(Way::Follower),
    Case::Health(Linearizable),
    Case::Health(Stale),
    Case::CatalogService,
];

/// Instances of the service whose health is read.
const INSTANCES: u32 = 10;

pub(crate) async fn run(peer: &Peer, servers: u8, cases: &str, counts: &[u64], short: bool) -> anyhow::Result<()> {
    let cluster = Cluster::start(peer, servers).await?;
    prepare(&cluster).await?;
    let length = Duration::from_secs(if short { 2 } else { 6 });
    if CASES.iter().any(|case| matches!(case, Case::KvGet(_)) && case.name().starts_with(cases)) {
        load::fill(&cluster).await?;
    }
    for case in CASES {
        if !case.name().starts_with(cases) || matches!(peer, Peer::Etcd(_)) && !case.is_kv() {
            continue;
        }
        for &clients in counts {
            let figures = load::run(&cluster, case, clients, length).await?;
            println!(
                "store  {:7} {:16} {clients:4} clients {:9.0}/s  p50 {:8.2} ms  p99 {:8.2} ms  slowest {:8.2} ms  silent {:4} ms  {:6} us CPU each",
                peer.name(),
                case.name(),
                figures.per_second,
                figures.times.at(0.5),
                figures.times.at(0.99),
                figures.times.at(1.0),
                figures.silence.as_millis(),
                figures.cpu_each.as_micros(),
            );
        }
    }
    Ok(())
}

/// The service `web`, healthy.
async fn prepare(cluster: &Cluster) -> anyhow::Result<()> {
    if matches!(cluster.peer, Peer::Etcd(_)) {
        return Ok(());
    }
    let leader = cluster.leader().await?;
    let mut connection = Connection::open(cluster.addresses()[leader]).await?;
    for number in 0..INSTANCES {
        let id = format!("web-{number}");
        let body = json!({"Node": format!("node-{number}"), "Address": "127.0.0.1",
            "Service": {"ID": id, "Service": "web", "Address": "10.0.0.1", "Port": 8080, "Meta": {"version": "1"}},
            "Check": {"CheckID": id, "Status": "passing", "Name": "alive", "ServiceID": id}});
        connection.put("/v1/catalog/register", &body).await?;
    }
    Ok(())
}
