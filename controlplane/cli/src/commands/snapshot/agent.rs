//! `weft snapshot agent`: saves again and again, and keeps the newest.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use weft_model::GoDuration;

use super::save_to;
use crate::client::{Client, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome, plain_io};
use crate::lock::{Lock, Plan};

const ENDING: &str = ".snap";

/// Save snapshots again and again; of several such agents one does
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft snapshot agent --local-path /var/backups/weft
  weft snapshot agent --interval 15m --retain 100 --local-path /var/backups/weft
  weft snapshot agent --interval 0 --local-path /var/backups/weft     once")]
pub(crate) struct Agent {
    /// How often; 0 is once
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    interval: Duration,
    /// Where to
    #[arg(long, value_name = "DIR", default_value = ".")]
    local_path: PathBuf,
    /// The lock that makes one of several agents save
    #[arg(long, value_name = "KEY", default_value = "consul-snapshot/lock")]
    lock_key: String,
    /// After how many failures in a row to give the lock to another agent
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    max_failures: u32,
    /// How many to keep; 0 is all
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    retain: usize,
    /// The beginning of the files' names
    #[arg(long, value_name = "NAME", default_value = "weft")]
    prefix: String,
    #[command(flatten)]
    http: HttpFlags,
}

fn duration(text: &str) -> Result<Duration, String> {
    GoDuration::parse(text).map(|duration| duration.0)
}

impl Agent {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        std::fs::create_dir_all(&self.local_path)
            .map_err(|error| self.cannot("cannot make", &self.local_path, &error))?;
        if self.interval.is_zero() {
            self.save(&client).await?;
            return Ok(DONE);
        }
        let watch = |kind| signal(kind).context("cannot watch for signals");
        let (mut interrupted, mut terminated) = (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
        tokio::select! {
            never = self.keep_saving(&client) => never,
            _ = interrupted.recv() => Ok(DONE),
            _ = terminated.recv() => Ok(DONE),
        }
    }

    /// Takes turns at the lock. Its session ends with this process, also when that is killed.
    async fn keep_saving(&self, client: &Client) -> Outcome {
        const PAUSE: Duration = Duration::from_secs(5);
        loop {
            let plan = Plan {
                key: self.lock_key.clone(),
                limit: 1,
                name: "weft snapshot agent".to_owned(),
                retries: self.max_failures,
            };
            match Lock::begin(client, plan).await {
                Ok(lock) => {
                    if let Err(failure) = self.hold(client, &lock).await {
                        eprintln!("{failure}");
                    }
                    if let Err(error) = lock.end().await {
                        eprintln!("Lock release failed: {error}");
                    }
                }
                Err(failure) => eprintln!("{failure}"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Saves while the lock is held, and not too much fails.
    async fn hold(&self, client: &Client, lock: &Lock) -> Result<(), Failure> {
        if !lock.acquire(None).await? {
            return Ok(());
        }
        println!("Holding {}, saving every {}", self.lock_key, GoDuration(self.interval));
        tokio::select! {
            () = lock.lost() => Err(Failure::new("Lock lost: another agent saves now")),
            outcome = self.save_until_failing(client) => outcome,
        }
    }

    async fn save_until_failing(&self, client: &Client) -> Result<(), Failure> {
        let mut failures = 0;
        loop {
            match self.save(client).await {
                Ok(()) => failures = 0,
                Err(failure) => {
                    failures += 1;
                    if failures >= self.max_failures {
                        return Err(failure);
                    }
                    eprintln!("{failure}");
                }
            }
            sleep(self.interval).await;
        }
    }

    async fn save(&self, client: &Client) -> Result<(), Failure> {
        // Of one length, so that names sort by age.
        let now = UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos());
        let path = self.local_path.join(format!("{}-{now:020}{ENDING}", self.prefix));
        let meta = save_to(client, &path).await?;
        println!("Saved and verified snapshot to index {}: {}", meta.index, path.display());
        self.prune()
    }

    /// Removes the oldest beyond those to be kept.
    fn prune(&self) -> Result<(), Failure> {
        if self.retain == 0 {
            return Ok(());
        }
        let folder = &self.local_path;
        let entries = std::fs::read_dir(folder).map_err(|error| self.cannot("cannot read", folder, &error))?;
        let mut ours: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| self.is_ours(path)).collect();
        ours.sort();
        let old = ours.len().saturating_sub(self.retain);
        for path in &ours[..old] {
            std::fs::remove_file(path).map_err(|error| self.cannot("cannot remove", path, &error))?;
        }
        Ok(())
    }

    fn is_ours(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(&format!("{}-", self.prefix)).and_then(|rest| rest.strip_suffix(ENDING));
        number.is_some_and(|number| number.len() == 20 && number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    #[allow(clippy::unused_self)] // reads better beside its callers
    fn cannot(&self, what: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("{what} {}: {}", path.display(), plain_io(error)))
    }
}
