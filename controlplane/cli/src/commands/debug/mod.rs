//! `weft debug`: what an agent says of itself over some time, in one archive.
//!
//! ```text
//! index.json, agent.json, host.json, cluster.json    at the beginning
//! weft.log                                           all the while
//! SECONDS/metrics.json                               at every interval
//! ```

mod archive;
mod capture;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{ArgAction, ValueEnum};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};
use weft_model::GoDuration;

use crate::client::{Client, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;
use capture::Folder;

/// Neither is worth less: a look takes a moment itself.
const LEAST: Duration = Duration::from_secs(1);

/// Gather what an agent says of itself over some time into an archive
///
/// It holds no tokens and no keys; names and addresses are in it, so look through it before you hand it on. An
/// interrupt ends it earlier, with what there is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft debug
  weft debug --interval 5s --duration 1m --output /tmp/slow-writes
  weft debug --capture metrics --capture logs")]
pub(crate) struct Debug {
    /// For how long
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    duration: Duration,
    /// Between two looks at what changes
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    interval: Duration,
    /// What to gather; may be given several times [default: all]
    #[arg(long, value_name = "WHAT", value_enum)]
    capture: Vec<Target>,
    /// The archive without its .tar.gz [default: weft-debug-SECONDS]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Make an archive of the directory; false leaves the directory
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = true,
        default_missing_value = "true", action = ArgAction::Set)]
    archive: bool,
    #[command(flatten)]
    http: HttpFlags,
}

/// Something to gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Target {
    /// `/v1/agent/metrics`, at every interval
    Metrics,
    /// The log, from debug on
    Logs,
    /// The machine
    Host,
    /// `/v1/agent/self`
    Agent,
    /// Its members
    Cluster,
    /// Of Go programs; weft has none
    #[value(hide = true)]
    Pprof,
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = GoDuration::parse(text)?.0;
    if duration < LEAST { Err(format!("it must be {} s or longer", LEAST.as_secs())) } else { Ok(duration) }
}

impl Debug {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let targets = self.targets()?;
        if self.interval > self.duration {
            return Err(Failure::new("Capture validation failed: the interval is longer than the duration"));
        }
        let client = self.http.client(env)?;
        let agent = client.get("/v1/agent/self").fetch().await;
        let agent = agent.context("Capture validation failed: error querying target agent")?;
        let version = agent["Config"]["Version"].as_str().unwrap_or_default();
        let path = self.output.clone().unwrap_or_else(|| format!("weft-debug-{}", now()).into());
        let folder = Folder::new(path).map_err(|why| Failure::new(format!("Capture validation failed: {why}")))?;
        output::print(&format!(
            "==> Gathering\n     Agent Version: '{version}'\n          Interval: '{}'\n          Duration: '{}'\n            Output: '{}'\n           Capture: '{}'",
            GoDuration(self.interval),
            GoDuration(self.duration),
            folder.path().display(),
            targets.iter().map(|target| name(*target)).collect::<Vec<_>>().join(", "),
        ))?;
        let index = json!({
            "Version": 1, "AgentVersion": version, "Interval": GoDuration(self.interval).to_string(),
            "Duration": GoDuration(self.duration).to_string(), "Targets": targets.iter().map(|target| name(*target)).collect::<Vec<_>>(),
        });
        folder.json("index.json", &index)?;
        self.gather(&client, &folder, &targets).await?;
        let shown = folder.path().display().to_string();
        let kept = if self.archive { archive::of(folder.path())?.display().to_string() } else { shown };
        output::print(&format!("Saved debug archive: {kept}"))?;
        Ok(DONE)
    }

    fn targets(&self) -> Result<BTreeSet<Target>, Failure> {
        if self.capture.contains(&Target::Pprof) {
            return Err(Failure::new(
                "--capture pprof: weft is no Go program and has no pprof; the process's figures are in metrics",
            ));
        }
        let all = [Target::Metrics, Target::Logs, Target::Host, Target::Agent, Target::Cluster];
        let given = self.capture.iter().copied().collect::<BTreeSet<_>>();
        Ok(if given.is_empty() { all.into() } else { given })
    }

    /// Until the time is over, or somebody has had enough. What fails is told, and the rest goes on.
    async fn gather(&self, client: &Client, folder: &Folder, targets: &BTreeSet<Target>) -> Result<(), Failure> {
        let end = Instant::now() + self.duration;
        let mut interrupted = signal(SignalKind::interrupt()).context("cannot watch for signals")?;
        let mut terminated = signal(SignalKind::terminate()).context("cannot watch for signals")?;
        for (target, path, file) in [
            (Target::Agent, "/v1/agent/self", "agent.json"),
            (Target::Host, "/v1/agent/host", "host.json"),
            (Target::Cluster, "/v1/agent/members", "cluster.json"),
        ] {
            if targets.contains(&target) {
                folder.answer(client, path, file).await;
            }
        }
        let metrics = async {
            if targets.contains(&Target::Metrics) {
                self.metrics(client, folder, end).await;
            }
            sleep_until(end).await;
        };
        let logs = async {
            if targets.contains(&Target::Logs) {
                folder.log(client).await;
            }
            sleep_until(end).await;
        };
        tokio::select! {
            _ = futures::future::join(metrics, async { drop(tokio::time::timeout_at(end, logs).await) }) => {}
            _ = interrupted.recv() => eprintln!("Interrupted: keeping what there is"),
            _ = terminated.recv() => eprintln!("Interrupted: keeping what there is"),
        }
        Ok(())
    }

    async fn metrics(&self, client: &Client, folder: &Folder, end: Instant) {
        let mut next = Instant::now();
        while next < end {
            sleep_until(next).await;
            folder.answer(client, "/v1/agent/metrics", &format!("{}/metrics.json", now())).await;
            next += self.interval;
        }
    }
}

fn name(target: Target) -> String {
    target.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
