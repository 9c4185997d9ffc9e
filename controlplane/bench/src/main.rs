//! Benchmarks of the paths that a user waits on, from outside: real processes, real HTTP, real gRPC.
//! Each prints one line a measurement; a peer given on the command line is measured in the same run.
//!
//! Times are wall times on a machine that may be shared: compare figures of one run, quote ratios.

mod ads;
mod checks;
mod client;
mod cluster;
mod dns;
mod etcd;
mod failover;
mod footprint;
mod http;
mod load;
mod meeting;
mod push;
mod scale;
mod stats;
mod store;
mod target;
mod wake;
mod write;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use cluster::Peer;

/// Measures weft, beside a real Consul where one is given.
#[derive(Parser)]
struct Arguments {
    /// The weft binary.
    #[arg(long, global = true, default_value = "weft")]
    weft: PathBuf,
    /// A Consul binary to measure in the same run.
    #[arg(long, global = true)]
    consul: Option<PathBuf>,
    /// An etcd binary to measure in the same run.
    #[arg(long, global = true)]
    etcd: Option<PathBuf>,
    /// Of three servers, measure the peers alone.
    #[arg(long, global = true)]
    peers_only: bool,
    /// Fewer and shorter runs.
    #[arg(long, global = true)]
    short: bool,
    /// Of the cases of `store`, those whose name begins so.
    #[arg(long, global = true, default_value = "")]
    case: String,
    /// How many servers `store` measures.
    #[arg(long, global = true, default_value_t = cluster::SERVERS, value_parser = clap::value_parser!(u8).range(1..=7))]
    servers: u8,
    /// With how many clients at a time `store` runs.
    #[arg(long, global = true, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    clients: Vec<u64>,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// From the HTTP answer of a registration to the last of N ADS clients holding it.
    Push,
    /// Writes a second and their latency at 1, 16, 64 and 256 clients.
    Write,
    /// From a write's start to the answer of the last of N blocking queries.
    Wake,
    /// DNS answers a second and their latency at 1, 64 and 256 clients.
    Dns,
    /// What 5000 heartbeats a second and 5000 probes every 10 s cost an agent.
    Checks,
    /// Registration, memory, restart and the cost of one change with thousands of services.
    Scale,
    /// Three servers, or so many: writes and reads a second, their latency and CPU.
    Store,
    /// Three servers: how long no write gets through after the leader is killed.
    Failover,
    /// Three servers: memory and restart with many instances.
    Footprint,
    /// All of them.
    All,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let run = |bench: &Bench| {
        matches!(arguments.bench, Bench::All)
            || std::mem::discriminant(bench) == std::mem::discriminant(&arguments.bench)
    };
    if run(&Bench::Push) {
        push::run(&arguments.weft, arguments.short).await?;
    }
    for kind in target::Kind::all(&arguments.weft, arguments.consul.as_deref()) {
        if run(&Bench::Write) {
            write::run(&kind, arguments.short).await?;
        }
        if run(&Bench::Wake) {
            wake::run(&kind, arguments.short).await?;
        }
        if run(&Bench::Dns) {
            dns::run(&kind, arguments.short).await?;
        }
        if run(&Bench::Checks) {
            checks::run(&kind, arguments.short).await?;
        }
    }
    if run(&Bench::Scale) {
        scale::run(&arguments.weft, arguments.short).await?;
    }
    for peer in arguments.peers() {
        if run(&Bench::Store) {
            store::run(&peer, arguments.servers, &arguments.case, &arguments.clients, arguments.short).await?;
        }
        if run(&Bench::Failover) {
            failover::run(&peer, arguments.short).await?;
        }
        if run(&Bench::Footprint) && !matches!(peer, Peer::Etcd(_)) {
            footprint::run(&peer, arguments.short).await?;
        }
    }
    Ok(())
}

impl Arguments {
    /// weft first, then the peers that are given.
    fn peers(&self) -> Vec<Peer> {
        let consul = self.consul.clone().map(Peer::Consul);
        let etcd = self.etcd.clone().map(Peer::Etcd);
        let weft = (!self.peers_only).then(|| Peer::Weft(self.weft.clone()));
        weft.into_iter().chain(etcd).chain(consul).collect()
    }
}
