//! One simulation from its seed to its report.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rand::Rng;
use tokio::runtime::Builder;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::check::Report;
use crate::cluster::Cluster;
use crate::history::History;
use crate::invariants::{atomic, durable, linear, locks, once, order, recovery, replay};
use crate::nemesis::Nemesis;
use crate::plan::{Plan, dice};
use crate::sampler::Sampler;
use crate::{clients, deaths};

/// For how long clients go on after the last fault.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// Simulates what a seed stands for, on this thread.
///
/// The same binary does the same for the same seed, up to two things that the seed does not decide: the
/// order in which `tokio::select!` without `biased` looks at branches that are ready at the same moment, and
/// the order of standard hash maps. [`Report::trace`] tells whether two simulations went the same way.
#[must_use]
pub fn run(seed: u64) -> Report {
    let _simulation = weft_raft::simulate(dice(seed, 4).next_u64());
    deaths::collect();
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_be_bytes()));
    let runtime = builder.build();
    let report = match runtime {
        Ok(runtime) => runtime.block_on(simulate(Plan::of(seed))),
        Err(error) => Report { violations: vec![crate::Violation::new("I20", error.to_string())], ..Report::default() },
    };
    deaths::stop();
    report
}

async fn simulate(plan: Plan) -> Report {
    let seed = plan.seed;
    let cluster = Cluster::found(plan).await;
    let history = History::default();
    let mut sampler = Sampler::new(&cluster);
    let mut nemesis = Nemesis::new(&cluster);
    if cluster.violations().is_empty() {
        if let Err(error) = clients::prepare(&cluster).await {
            cluster.violated("I16", format!("a fresh cluster takes no write: {error}"));
        }
        let stop = CancellationToken::new();
        let clients = clients::start(&cluster, &history, &stop);
        let storm = async {
            nemesis.run().await;
            sleep(AFTERWARDS).await;
            stop.cancel();
            clients.join_all().await;
        };
        sampler.during(storm).await;
        let state = sampler.during(recovery::check(&cluster)).await;
        let serial = sampler.during(recovery::last_serial(&cluster)).await;
        sampler.look(true);
        history.read(|events| {
            if let Some(state) = &state {
                for server in cluster.servers() {
                    durable::check(&cluster, server.id, &server.store.current(), &events.additions);
                }
                replay::check(&cluster, state, sampler.committed.entries());
            }
            if let Some(serial) = serial {
                once::check(&cluster, &events.issues, serial);
            }
            linear::check(&cluster, &events.registers);
            order::check(&cluster, events);
            atomic::check(&cluster, &events.pairs);
            locks::check(&cluster, &events.holds);
        });
    }
    report(seed, &cluster, &history, &sampler, nemesis.faults)
}

fn report(seed: u64, cluster: &Cluster, history: &History, sampler: &Sampler, faults: Vec<String>) -> Report {
    let mut trace = DefaultHasher::new();
    faults.hash(&mut trace);
    let (answered, unknown) = history.read(|events| {
        format!("{:?}{:?}", events.registers, events.additions).hash(&mut trace);
        (events.answered, events.unknown)
    });
    Report {
        seed,
        violations: cluster.violations(),
        answered,
        unknown,
        faults,
        lost_writes: cluster.disks.values().map(|disk| disk.lock().lost).sum(),
        leaders: sampler.terms(),
        committed: sampler.committed.len(),
        trace: trace.finish(),
    }
}
