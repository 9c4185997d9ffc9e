//! The servers of a simulation, those that run and those that do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::RngExt;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};

use crate::check::Violation;
use crate::deaths::{self, Death};
use crate::disk::{Crash, Platter};
use crate::net::SimNet;
use crate::plan::{Plan, dice};
use crate::server::{Server, member};

pub(crate) struct Cluster {
    pub(crate) plan: Plan,
    pub(crate) net: Arc<SimNet>,
    pub(crate) disks: BTreeMap<u64, Arc<Mutex<Platter>>>,
    running: Mutex<BTreeMap<u64, Arc<Server>>>,
    violations: Mutex<Vec<Violation>>,
}

impl Cluster {
    /// All servers, founded and with a leader.
    pub(crate) async fn found(plan: Plan) -> Arc<Self> {
        let net = SimNet::new(dice(plan.seed, 2).random(), crate::plan::CALM);
        let ids = 1..=plan.servers;
        let disk = |id| Arc::new(Mutex::new(Platter::new(id, dice(plan.seed, 100 + id).random())));
        let disks = ids.clone().map(|id| (id, disk(id))).collect();
        let cluster = Arc::new(Self { plan, net, disks, running: Mutex::default(), violations: Mutex::default() });
        for id in ids.clone() {
            cluster.start(id).await;
        }
        let members = ids.map(|id| (id, member(id))).collect();
        if let Some(first) = cluster.server(1)
            && let Err(error) = first.raft.found(members).await
        {
            cluster.violated("I16", format!("the cluster was not founded: {error}"));
        }
        if !cluster.has_leader_within(Duration::from_secs(10)).await {
            cluster.violated("I16", "a fresh cluster has found no leader");
        }
        cluster
    }

    pub(crate) fn violated(&self, invariant: &'static str, what: impl Into<String>) {
        let violation = Violation::new(invariant, what);
        let mut violations = self.violations.lock();
        if violations.len() < 20 && !violations.contains(&violation) {
            violations.push(violation);
        }
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.lock().clone()
    }

    pub(crate) fn server(&self, id: u64) -> Option<Arc<Server>> {
        self.running.lock().get(&id).cloned()
    }

    pub(crate) fn servers(&self) -> Vec<Arc<Server>> {
        self.running.lock().values().cloned().collect()
    }

    pub(crate) fn down(&self) -> Vec<u64> {
        let running = self.running.lock();
        self.disks.keys().copied().filter(|id| !running.contains_key(id)).collect()
    }

    pub(crate) fn any(&self, dice: &mut SmallRng) -> Option<Arc<Server>> {
        let servers = self.servers();
        if servers.is_empty() { None } else { Some(Arc::clone(&servers[dice.random_range(0..servers.len())])) }
    }

    pub(crate) fn leader(&self) -> Option<u64> {
        let leading = self.servers().into_iter().filter(|server| server.raft.leads());
        leading.max_by_key(|server| server.raft.status().term).map(|server| server.id)
    }

    /// Starts a server that is down. None of the faults here is one that it may not survive.
    pub(crate) async fn start(&self, id: u64) {
        let platter = &self.disks[&id];
        platter.lock().full = false;
        match Server::start(id, &self.plan, &self.net, platter).await {
            Ok(server) => drop(self.running.lock().insert(id, server)),
            Err(error) => {
                self.violated("I1", format!("server {id} does not start after a crash: {error}"));
                // It would be the same again and again.
                platter.lock().crash(Crash::Kill);
            }
        }
    }

    /// Ends a server without a word.
    pub(crate) fn crash(&self, id: u64, crash: Crash) {
        if let Some(server) = self.running.lock().remove(&id) {
            server.gone.cancel();
        }
        let mut platter = self.disks[&id].lock();
        platter.crash(crash);
        platter.slowness = crate::disk::HEALTHY;
        platter.fail_sync = false;
    }

    /// Servers that ended themselves are down; whatever else panicked is a fault.
    pub(crate) fn bury(&self) {
        for death in deaths::take() {
            match death {
                // The disk says itself that it is a simulated fault; the rest follows from it.
                Death::Ended(why) if why.contains("simulated:") || why.contains("the log is closed") => {}
                Death::Ended(why) if why.contains("its core has panicked") => {}
                Death::Ended(why) => self.violated("I20", format!("a server ended itself: {why}")),
                Death::Panicked(what) => self.violated("I20", format!("a panic: {what}")),
            }
        }
        for (id, platter) in &self.disks {
            let (failed, went_on) = {
                let mut platter = platter.lock();
                (platter.has_failed(), std::mem::take(&mut platter.went_on))
            };
            if went_on > 0 {
                self.violated("I14", format!("server {id} went on writing after its disk had failed"));
            }
            if failed && self.server(*id).is_some() {
                self.crash(*id, Crash::Kill);
            }
        }
    }

    pub(crate) async fn has_leader_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if self.servers().iter().any(|server| server.raft.leads() && server.raft.contact().known_leader) {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    }
}
