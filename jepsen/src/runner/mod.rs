//! One run: start, warm up, load under faults, heal, last reads, judge.

mod healing;
mod judging;
mod sampling;
mod stage_set;
mod watchman;

pub use judging::{judge_dir, summary};
pub use stage_set::{Backend, Plan, SystemKind};

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::time::Instant;

use self::stage_set::Written as _;
use crate::client::Connect;
use crate::cluster::Cluster;
use crate::history::{MarkerKind, Recorder, RunConfig};
use crate::nemesis::{self, Nemesis, Scene};
use crate::workload::{self, Load, Workload};

/// The quiet before the faults, in which everything that grows is measured.
const WARM_UP: Duration = Duration::from_secs(4);
/// Load after the healing.
const AFTERWARDS: Duration = Duration::from_secs(5);
/// How much longer a run may last because faults did not fall as they were meant to.
const CATCH_UP_SECONDS: u64 = 30;
/// How long the last reads of one workload may take.
const LAST_READS: Duration = Duration::from_secs(120);
/// How long a cluster may take to form.
const FORMATION: Duration = Duration::from_secs(60);

/// Runs the plan and returns the exit code of its verdict.
///
/// # Errors
/// When the stage could not be set. What goes wrong later is on record in the run's folder.
pub async fn run(plan: &Plan) -> Result<u8> {
    std::fs::create_dir_all(&plan.dir)?;
    let recorder = Recorder::create(&plan.dir)?;
    let mut config = plan.config();
    config.write(plan)?;
    eprintln!(
        "{} on {} ({}), seed {}: {}",
        plan.scenario.name,
        plan.system,
        plan.backend.name(),
        plan.seed,
        plan.scenario.what
    );

    let cluster = Arc::new(plan.cluster(&recorder)?);
    cluster.start_all()?;
    let watchman = watchman::start(&cluster, &plan.dir)?;
    if let Err(error) = act(plan, &cluster, &recorder, &mut config).await {
        recorder.mark(MarkerKind::Harness, format!("{error:#}"));
    }
    // What was given back shows only when the load is gone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    watchman.abort();
    cluster.stop_all().await;
    if let Some(broken) = recorder.broken() {
        recorder.mark(MarkerKind::Harness, broken);
    }
    config.write(plan)?;
    judge_dir(&plan.dir)
}

async fn act(plan: &Plan, cluster: &Arc<Cluster>, recorder: &Recorder, config: &mut RunConfig) -> Result<()> {
    cluster.await_leader(FORMATION).await.context("the cluster did not form")?;
    healing::all_answer(cluster, FORMATION).await?;
    let workloads = plan.workloads()?;
    let (stop, stopped) = watch::channel(false);
    let connect: Arc<dyn Connect> = cluster.clone();
    let load = Load {
        recorder: recorder.clone(),
        connect,
        seed: plan.seed,
        patient: Duration::from_secs(5),
        hasty: Duration::from_millis(700),
        stop: stopped,
    };
    for workload in &workloads {
        load.prepare(&**workload).await?;
    }
    config.warm_up_ns = recorder.now_ns();
    let workers: Vec<_> = workloads.iter().map(|workload| spawn(load.clone(), Arc::clone(workload))).collect();
    tokio::time::sleep(WARM_UP).await;

    config.faults_ns = recorder.now_ns();
    let scene = Arc::new(Scene::new(cluster.clone(), &plan.dir)?);
    under_faults(plan, &scene, recorder).await;

    healing::heal(cluster)?;
    config.heal_ns = recorder.now_ns();
    tokio::time::sleep(AFTERWARDS).await;
    healing::await_writes(cluster, Duration::from_secs(30)).await;
    let _ = stop.send(true);
    for worker in workers {
        let done = tokio::time::timeout(Duration::from_secs(30), worker).await;
        done.context("load did not stop")?.context("load")?;
    }
    config.end_ns = recorder.now_ns();
    config.servers_at_end = cluster.members();
    if healing::converge(cluster, Duration::from_secs(30)).await {
        for workload in &workloads {
            let read = tokio::time::timeout(LAST_READS, load.finish(&**workload)).await;
            read.with_context(|| format!("the last reads of {} took too long", workload.name()))?;
        }
    }
    config.end_ns = recorder.now_ns();
    elsewhere(cluster, &load, &workloads).await
}

/// A fresh cluster of one server, for workloads that have something to do there.
async fn elsewhere(cluster: &Cluster, load: &Load, workloads: &[Arc<dyn Workload>]) -> Result<()> {
    let who: Vec<_> = workloads.iter().filter(|workload| workload.goes_elsewhere()).collect();
    if who.is_empty() {
        return Ok(());
    }
    let name = cluster.add_alone()?;
    cluster.start(&name)?;
    let deadline = Instant::now() + FORMATION;
    while !cluster.view(&name).await.is_some_and(|view| view.leads) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for workload in who {
        let done = tokio::time::timeout(LAST_READS, load.elsewhere(&**workload, &name)).await;
        done.with_context(|| format!("{} took too long elsewhere", workload.name()))??;
    }
    cluster.kill(&name, "the run is over").await;
    Ok(())
}

fn spawn(load: Load, workload: Arc<dyn Workload>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { load.run(workload).await })
}

/// Plays faults as long as the scenario says, or until the harness itself has failed.
async fn under_faults(plan: &Plan, scene: &Arc<Scene>, recorder: &Recorder) {
    let faults = plan.scenario.faults.iter().filter_map(|name| nemesis::named(name)).collect();
    let (least, most) = plan.scenario.hold_ms;
    let nemesis = Nemesis {
        scene: Arc::clone(scene),
        faults,
        seed: plan.seed,
        hold: (Duration::from_millis(least), Duration::from_millis(most)),
        rest: Duration::from_millis(plan.scenario.rest_ms),
        tracks: plan.scenario.tracks,
        both_leader_cases: plan.scenario.both_leader_cases.clone(),
    };
    let deadline = Instant::now() + Duration::from_secs(plan.scenario.seconds);
    let play = async {
        nemesis.run(deadline).await;
        nemesis.catch_up(Instant::now() + Duration::from_secs(plan.scenario.seconds.min(CATCH_UP_SECONDS))).await;
    };
    tokio::select! {
        () = play => {}
        () = failed(recorder) => eprintln!("  the harness failed: no more faults"),
    }
}

async fn failed(recorder: &Recorder) {
    while !recorder.failed() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl Plan {
    /// The scenario's workloads, for the system.
    ///
    /// # Errors
    /// When the system has no such workload.
    fn workloads(&self) -> Result<Vec<Arc<dyn Workload>>> {
        let named = |name: &String| {
            let system = self.system.workload_name();
            workload::named(name, system).with_context(|| format!("{system} has no workload {name}"))
        };
        self.scenario.workloads.iter().map(named).collect()
    }
}
