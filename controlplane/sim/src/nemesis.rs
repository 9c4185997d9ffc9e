//! What breaks, and when.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};
use weft_model::{Command, KvOp};

use crate::cluster::Cluster;
use crate::disk::Crash;
use crate::net::Weather;
use crate::plan::{CALM, dice};

pub(crate) struct Nemesis {
    cluster: Arc<Cluster>,
    dice: SmallRng,
    pub(crate) faults: Vec<String>,
}

impl Nemesis {
    pub(crate) fn new(cluster: &Arc<Cluster>) -> Self {
        Self { cluster: Arc::clone(cluster), dice: dice(cluster.plan.seed, 3), faults: Vec::new() }
    }

    /// Breaks things for as long as the plan says, then mends all of them.
    pub(crate) async fn run(&mut self) {
        let until = Instant::now() + self.cluster.plan.trouble;
        self.cluster.net.set_weather(self.cluster.plan.weather);
        while Instant::now() < until {
            let pause = self.dice.random_range(50..900);
            sleep(Duration::from_millis(pause)).await;
            self.restart_some().await;
            self.strike().await;
        }
        self.mend().await;
    }

    async fn restart_some(&mut self) {
        for id in self.cluster.down() {
            if self.dice.random_bool(0.6) {
                self.start(id).await;
            }
        }
    }

    async fn strike(&mut self) {
        match self.dice.random_range(0..15) {
            0 | 1 => self.partition(),
            2 => self.isolate_leader(),
            3 => self.cut_one_way(),
            4 | 5 => self.heal(),
            6 => self.crash_some(Crash::Kill),
            7 | 8 => self.crash_some(Crash::PowerCut),
            9 => self.power_cut_of_all().await,
            10 => self.hurt_disk(),
            11 => self.crash_leader(),
            12 => self.transfer().await,
            13 => self.depose_leader().await,
            _ => self.change_weather(),
        }
    }

    fn note(&mut self, fault: String) {
        self.faults.push(fault);
    }

    async fn start(&mut self, id: u64) {
        self.note(format!("start {id}"));
        self.cluster.start(id).await;
    }

    fn ids(&self) -> Vec<u64> {
        self.cluster.disks.keys().copied().collect()
    }

    fn one(&mut self) -> u64 {
        let ids = self.ids();
        ids[self.dice.random_range(0..ids.len())]
    }

    fn partition(&mut self) {
        let mut ids = self.ids();
        ids.shuffle(&mut self.dice);
        let split = self.dice.random_range(1..ids.len());
        let (one, other) = ids.split_at(split);
        self.note(format!("cut {one:?} from {other:?}"));
        self.cluster.net.set_cut(both_ways(one, other));
    }

    fn isolate_leader(&mut self) {
        if let Some(leader) = self.cluster.leader() {
            self.isolate(leader);
        }
    }

    fn isolate(&mut self, leader: u64) {
        let others: Vec<u64> = self.ids().into_iter().filter(|id| *id != leader).collect();
        self.note(format!("cut off leader {leader}"));
        self.cluster.net.set_cut(both_ways(&[leader], &others));
    }

    fn cut_one_way(&mut self) {
        let one = self.one();
        let deaf = self.dice.random_bool(0.5);
        let others = self.ids().into_iter().filter(|id| *id != one);
        let cut = others.map(|other| if deaf { (other, one) } else { (one, other) }).collect();
        self.note(format!("server {one} {}", if deaf { "hears nobody" } else { "is heard by nobody" }));
        self.cluster.net.set_cut(cut);
    }

    fn heal(&mut self) {
        self.note("heal".to_owned());
        self.cluster.net.set_cut(BTreeSet::new());
    }

    fn crash_some(&mut self, crash: Crash) {
        let id = self.one();
        self.note(format!("{crash:?} {id}"));
        self.cluster.crash(id, crash);
    }

    fn crash_leader(&mut self) {
        let Some(leader) = self.cluster.leader() else { return };
        let crash = if self.dice.random_bool(0.5) { Crash::Kill } else { Crash::PowerCut };
        self.note(format!("{crash:?} leader {leader}"));
        self.cluster.crash(leader, crash);
    }

    /// A leader that is cut off goes on appending what will never be committed. It hears of its successor before that one
    /// has as many entries, and ends when some of its log has just been cut off and little written over it.
    async fn depose_leader(&mut self) {
        let Some(leader) = self.cluster.leader() else { return };
        self.isolate(leader);
        if let Some(server) = self.cluster.server(leader) {
            // More than the successor will have written when the two meet, and nobody waits for the outcome.
            for number in 0..self.dice.random_range(1..80) {
                let store = Arc::clone(&server.store);
                let write = Command::Kv(KvOp::set("cut-off", format!("{number}")));
                tokio::spawn(async move { drop(store.propose(write).await) });
            }
        }
        let cluster = Arc::clone(&self.cluster);
        let succeeded = || cluster.leader().is_some_and(|now| now != leader);
        within(Duration::from_secs(3), succeeded).await;
        self.heal();
        let told = || cluster.server(leader).is_none_or(|server| !server.raft.leads());
        within(Duration::from_secs(1), told).await;
        let together = self.dice.random_range(0..60);
        sleep(Duration::from_millis(together)).await;
        let crash = if self.dice.random_bool(0.5) { Crash::Kill } else { Crash::PowerCut };
        self.note(format!("{crash:?} former leader {leader}"));
        self.cluster.crash(leader, crash);
    }

    async fn power_cut_of_all(&mut self) {
        self.note("power cut of all".to_owned());
        for id in self.ids() {
            self.cluster.crash(id, Crash::PowerCut);
        }
        for id in self.ids() {
            self.start(id).await;
        }
    }

    fn hurt_disk(&mut self) {
        let id = self.one();
        let kind = self.dice.random_range(0..4);
        let disk = &self.cluster.disks[&id];
        let fault = match kind {
            0 => {
                disk.lock().fail_sync = true;
                "next sync fails"
            }
            1 => {
                disk.lock().full = true;
                "disk is full"
            }
            _ => {
                disk.lock().slowness = self.dice.random_range(20..300);
                "disk is slow"
            }
        };
        self.note(format!("server {id}: {fault}"));
    }

    async fn transfer(&mut self) {
        let Some(server) = self.cluster.any(&mut self.dice) else { return };
        self.note(format!("server {} asks for another leader", server.id));
        let transferred = server.gone.run_until_cancelled(server.raft.transfer_leader(None));
        drop(tokio::time::timeout(Duration::from_millis(300), transferred).await);
    }

    fn change_weather(&mut self) {
        let mut dice = SmallRng::seed_from_u64(self.dice.random());
        let loss = dice.random_range(0.0..0.3);
        let weather = Weather { delay_max: dice.random_range(1..60), loss, twice: loss };
        self.note(format!("weather {weather:?}"));
        self.cluster.net.set_weather(weather);
    }

    /// The end of all faults.
    async fn mend(&mut self) {
        self.heal();
        self.cluster.net.set_weather(CALM);
        for disk in self.cluster.disks.values() {
            let mut disk = disk.lock();
            disk.fail_sync = false;
            disk.full = false;
            disk.slowness = crate::disk::HEALTHY;
        }
        self.cluster.bury();
        for id in self.cluster.down() {
            self.start(id).await;
        }
    }
}

/// Waits until it is so, or the time is over.
async fn within(patience: Duration, is_so: impl Fn() -> bool) {
    let until = Instant::now() + patience;
    while !is_so() && Instant::now() < until {
        sleep(Duration::from_millis(2)).await;
    }
}

fn both_ways(one: &[u64], other: &[u64]) -> BTreeSet<(u64, u64)> {
    one.iter().flat_map(|a| other.iter().flat_map(|b| [(*a, *b), (*b, *a)])).collect()
}
