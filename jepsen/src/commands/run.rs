//! `run`: one scenario.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::spaces;
use crate::nemesis;
use crate::runner::{self, Backend, Plan, SystemKind};
use crate::scenario::{self, Scenario};

/// What every command that runs servers takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Where {
    /// The weft program
    #[arg(long, env = "WEFT_BIN", default_value = "weft")]
    pub(super) weft: PathBuf,
    /// The etcd program, for positive controls
    #[arg(long, env = "WEFT_JEPSEN_ETCD", default_value = "etcd")]
    pub(super) etcd: PathBuf,
    /// The Consul program, for positive controls
    #[arg(long, env = "WEFT_JEPSEN_CONSUL", default_value = "consul")]
    pub(super) consul: PathBuf,
    /// Where the folders of runs are kept
    #[arg(long, env = "WEFT_JEPSEN_OUT", default_value = "jepsen-runs")]
    pub(super) out: PathBuf,
    /// How the world around the servers is made; without it `root` where this process may
    #[arg(long)]
    pub(super) backend: Option<Backend>,
}

impl Where {
    pub(super) fn backend(&self) -> Backend {
        self.backend.unwrap_or(if spaces::root() { Backend::Root } else { Backend::Plain })
    }

    /// The arguments that say the same to a process of our own.
    pub(super) fn args(&self) -> Vec<String> {
        let paths = [("--weft", &self.weft), ("--etcd", &self.etcd), ("--consul", &self.consul), ("--out", &self.out)];
        let mut args: Vec<String> =
            paths.iter().flat_map(|(flag, path)| [(*flag).to_owned(), path.display().to_string()]).collect();
        args.extend(["--backend".to_owned(), self.backend().name().to_owned()]);
        args
    }

    fn program(&self, system: SystemKind) -> Result<PathBuf> {
        let path = match system {
            SystemKind::Weft => &self.weft,
            SystemKind::Etcd | SystemKind::EtcdNoSync => &self.etcd,
            SystemKind::Consul | SystemKind::ConsulStale | SystemKind::ConsulConsistent => &self.consul,
        };
        find(path).with_context(|| format!("no program {}", path.display()))
    }
}

/// The program at that path, or of that name on PATH.
pub(super) fn find(program: &PathBuf) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.canonicalize().ok();
    }
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Run one scenario
#[derive(Debug, Args)]
pub(super) struct Run {
    /// A scenario of `list`, or any name together with --workloads and --faults
    scenario: String,
    /// Chooses everything that is drawn; without it, the clock does
    #[arg(long)]
    seed: Option<u64>,
    /// Who is judged
    #[arg(long, value_enum, default_value = "weft")]
    system: SystemKind,
    /// Other workloads than the scenario's
    #[arg(long, value_delimiter = ',')]
    workloads: Vec<String>,
    /// Other faults than the scenario's
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// How long faults come and go
    #[arg(long)]
    seconds: Option<u64>,
    /// How many servers
    #[arg(long)]
    servers: Option<u8>,
    /// How many faults at a time
    #[arg(long)]
    tracks: Option<usize>,
    /// The mistake that a weft with the feature `mutants` is to make
    #[arg(long)]
    mutant: Option<String>,
    /// The run's folder; without it a new one under --out
    #[arg(long)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Returns at the first signal that asks for the end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

impl Run {
    pub(super) fn act(&self) -> Result<u8> {
        let plan = self.plan()?;
        if plan.backend == Backend::Root && !spaces::inside() {
            if !spaces::root() {
                bail!("the backend `root` needs root; there is --backend plain");
            }
            let mut args: Vec<String> = std::env::args().skip(1).collect();
            args.extend([
                "--seed".to_owned(),
                plan.seed.to_string(),
                "--dir".to_owned(),
                plan.dir.display().to_string(),
            ]);
            // What was given already stays as it was given.
            if self.seed.is_some() {
                args.truncate(args.len() - 4);
                args.extend(["--dir".to_owned(), plan.dir.display().to_string()]);
            }
            if self.dir.is_some() {
                args.truncate(args.len() - 2);
            }
            return spaces::again(&args, true);
        }
        let code = tokio::runtime::Runtime::new()?.block_on(async {
            // The first process of a namespace dies of no signal that it does not ask for.
            tokio::select! {
                code = runner::run(&plan) => code,
                () = interrupted() => bail!("interrupted"),
            }
        })?;
        if code == 0 {
            // Disks are evidence only where something failed.
            let _ = std::fs::remove_dir_all(plan.dir.join("data"));
        }
        eprintln!(
            "  verdict {} of {}",
            ["true", "FALSE", "unknown"].get(usize::from(code)).unwrap_or(&"none"),
            plan.scenario.name
        );
        eprintln!("  again: {}", plan.replay());
        Ok(code)
    }

    fn plan(&self) -> Result<Plan> {
        let known = scenario::named(&self.scenario);
        if known.is_none() && (self.workloads.is_empty() || self.faults.is_empty()) {
            bail!("there is no scenario {}; see `weft-jepsen list`, or name --workloads and --faults", self.scenario);
        }
        let mut scenario = known.unwrap_or_else(|| Scenario::new(&self.scenario, "drawn up by hand", &[], &[], 30));
        if !self.workloads.is_empty() {
            scenario.workloads.clone_from(&self.workloads);
        }
        if !self.faults.is_empty() {
            scenario.faults.clone_from(&self.faults);
            scenario.both_leader_cases.clear();
            scenario.disks = self.faults.iter().any(|fault| fault.starts_with("power") || fault == "full-disk");
        }
        if let Some(unknown) = scenario.faults.iter().find(|fault| nemesis::named(fault).is_none()) {
            bail!("there is no fault {unknown}; see `weft-jepsen list`");
        }
        scenario.seconds = self.seconds.unwrap_or(scenario.seconds);
        scenario.servers = self.servers.unwrap_or(scenario.servers);
        scenario.tracks = self.tracks.unwrap_or(scenario.tracks);
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let seed = self.seed.unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs());
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => self.place.out.join(format!("{}-{}-{seed}", now.as_secs(), scenario.name)),
        };
        std::fs::create_dir_all(&dir)?;
        Ok(Plan {
            seed,
            system: self.system,
            backend: self.place.backend(),
            program: self.place.program(self.system)?,
            mutant: self.mutant.clone(),
            dir: dir.canonicalize()?,
            scenario,
        })
    }
}
