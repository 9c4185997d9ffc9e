//! What a run needs before it begins: a plan, and a cluster made from it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use crate::cluster::{Cluster, Consul, Etcd, Setup, System, Weft};
use crate::history::{Recorder, RunConfig};
use crate::native::Native;
use crate::nemesis::Need;
use crate::net::Network;
use crate::net::plain::PlainNetwork;
use crate::net::root::RootNetwork;
use crate::scenario::Scenario;

/// How the world around the servers is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// Namespaces, a wire of our own, loop disks.
    Root,
    /// Loopback addresses and relays.
    Plain,
}

impl Backend {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Plain => "plain",
        }
    }

    /// Whether faults that need that can be played.
    #[must_use]
    pub fn meets(self, need: Need) -> bool {
        self == Self::Root || !need.wants_root()
    }
}

/// Who is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SystemKind {
    Weft,
    Etcd,
    /// etcd that does not sync: must lose writes.
    EtcdNoSync,
    Consul,
    /// Consul whose stale reads are taken for linearizable: must be found out.
    ConsulStale,
    ConsulConsistent,
}

impl SystemKind {
    /// The name under which workloads know it.
    #[must_use]
    pub fn workload_name(self) -> &'static str {
        match self {
            Self::Weft => "weft",
            Self::Etcd | Self::EtcdNoSync => "etcd",
            Self::Consul => "consul",
            Self::ConsulStale => "consul-stale",
            Self::ConsulConsistent => "consul-consistent",
        }
    }
}

impl fmt::Display for SystemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::EtcdNoSync { "etcd without syncs" } else { self.workload_name() })
    }
}

/// Everything that is decided before a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub scenario: Scenario,
    pub seed: u64,
    pub system: SystemKind,
    pub backend: Backend,
    /// The system's program.
    pub program: PathBuf,
    pub mutant: Option<String>,
    /// The run's folder.
    pub dir: PathBuf,
}

/// The size of a server's disk.
const DISK_MIB: u64 = 256;

impl Plan {
    /// The cluster, not started.
    ///
    /// # Errors
    /// When the host refuses something.
    pub(super) fn cluster(&self, recorder: &Recorder) -> Result<Cluster> {
        let native = Native::build(&self.dir.join("native")).context("the C programs of the harness")?;
        let network: Arc<dyn Network> = match self.backend {
            Backend::Root => Arc::new(RootNetwork::new(&native.tool, self.seed)?),
            Backend::Plain => Arc::new(PlainNetwork::new(self.seed)?),
        };
        let disk_mib = (self.backend == Backend::Root && self.scenario.disks).then_some(DISK_MIB);
        let setup = Setup {
            system: self.system()?,
            network,
            recorder: recorder.clone(),
            native: Some(native),
            dir: self.dir.clone(),
            disk_mib,
        };
        Cluster::new(setup, self.scenario.servers)
    }

    fn system(&self) -> Result<Arc<dyn System>> {
        let program = self.program.clone();
        Ok(match self.system {
            SystemKind::Weft => {
                let config = self.dir.join("weft.json");
                let settings = Weft::settings(self.scenario.snapshot_threshold, self.scenario.servers);
                std::fs::write(&config, settings.to_string())?;
                Arc::new(Weft { program, mutant: self.mutant.clone(), config })
            }
            SystemKind::Etcd => Arc::new(Etcd { program, syncs: true }),
            SystemKind::EtcdNoSync => Arc::new(Etcd { program, syncs: false }),
            SystemKind::Consul | SystemKind::ConsulStale | SystemKind::ConsulConsistent => {
                Arc::new(Consul { program, name: self.system.workload_name().to_owned() })
            }
        })
    }

    /// What is known of the run before it begins.
    pub(super) fn config(&self) -> RunConfig {
        let scenario = &self.scenario;
        let numbers = scenario.fault_numbers();
        RunConfig {
            scenario: scenario.name.clone(),
            seed: self.seed,
            system: self.system.workload_name().to_owned(),
            servers: (1..=scenario.servers).map(|number| format!("s{number}")).collect(),
            workloads: scenario.workloads.clone(),
            pauses_or_clocks: numbers.iter().any(|number| number == "F2" || number == "F6"),
            faults: numbers,
            both_leader_cases: scenario.both_leader_cases.clone(),
            ok_under_faults: 1,
            election_ms: 1600,
            recovery_ms: 30_000,
            versions: versions(&self.program),
            extra: json!({
                "backend": self.backend.name(),
                "program": self.program,
                "mutant": self.mutant,
                "fault_names": scenario.faults,
                "seconds": scenario.seconds,
                "replay": self.replay(),
            }),
            ..RunConfig::default()
        }
    }

    /// The command that runs the same plan again.
    #[must_use]
    pub fn replay(&self) -> String {
        let scenario = &self.scenario;
        format!(
            "weft-jepsen run {} --workloads {} --faults {} --seconds {} --tracks {} --seed {} --backend {}",
            scenario.name,
            scenario.workloads.join(","),
            scenario.faults.join(","),
            scenario.seconds,
            scenario.tracks,
            self.seed,
            self.backend.name()
        )
    }
}

fn versions(program: &std::path::Path) -> std::collections::BTreeMap<String, String> {
    let said = |program: &std::path::Path, arg: &str| {
        let output = std::process::Command::new(program).arg(arg).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
    };
    let mut versions = std::collections::BTreeMap::new();
    versions.insert("harness".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    versions.extend(said(program, "--version").map(|version| ("program".to_owned(), version)));
    versions.extend(said("uname".as_ref(), "-sr").map(|version| ("kernel".to_owned(), version)));
    versions
}

/// Writing the configuration, at the beginning and again at the end.
pub(super) trait Written {
    /// Writes it into the run's folder.
    ///
    /// # Errors
    /// When the disk refuses.
    fn write(&self, plan: &Plan) -> Result<()>;
}

impl Written for RunConfig {
    fn write(&self, plan: &Plan) -> Result<()> {
        Ok(std::fs::write(plan.dir.join("config.json"), serde_json::to_vec_pretty(self)?)?)
    }
}
