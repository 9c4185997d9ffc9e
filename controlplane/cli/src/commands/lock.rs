//! `weft lock`: runs a command while a lock is held.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout};
use weft_model::GoDuration;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, FAILED, Failure, NO_ANSWER, Outcome};
use crate::lock::{Lock as Held, Plan};

/// Between the polite signal and the other one.
const GRACE: Duration = Duration::from_secs(5);

/// Run a command while holding a lock
#[derive(Debug, clap::Args)]
#[command(trailing_var_arg = true)]
#[command(after_help = "\
Examples:
  weft lock jobs/nightly ./nightly.sh
  weft lock --timeout 10s --child-exit-code jobs/nightly ./nightly.sh
  weft lock -n 3 jobs/workers ./worker.sh              up to three at a time

The command is ended when the lock is lost. It may learn of that late: what must not happen twice needs
the key's LockIndex as a fencing token.")]
pub(crate) struct Lock {
    /// The lock's place in the key/value store
    #[arg(value_name = "PREFIX")]
    prefix: String,
    /// The command
    #[arg(value_name = "COMMAND", required = true, allow_hyphen_values = true)]
    child: Vec<String>,
    /// Exit with 2 when the command fails
    #[arg(long)]
    child_exit_code: bool,
    /// How many failed looks at the held lock to bear
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    monitor_retry: u32,
    /// How many may hold it at a time
    #[arg(short = 'n', value_name = "NUMBER", default_value_t = 1)]
    limit: usize,
    /// The session's name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Hand standard input to the command
    #[arg(long)]
    pass_stdin: bool,
    /// Run the command by a shell, $SHELL or /bin/sh
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = true,
        default_missing_value = "true", action = clap::ArgAction::Set)]
    shell: bool,
    /// How long to wait for the lock; 0: for ever
    #[arg(long, value_name = "DURATION", visible_alias = "try", value_parser = duration)]
    timeout: Option<Duration>,
    /// Say what is being done
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    http: HttpFlags,
}

fn duration(text: &str) -> Result<Duration, String> {
    GoDuration::parse(text).map(|duration| duration.0)
}

/// How the command ended.
enum End {
    ByItself(ExitStatus),
    LockLost,
    Interrupted,
}

impl Lock {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        if self.limit == 0 {
            return Err(Failure::new("Lock holder limit must be positive"));
        }
        let client = self.http.client(env)?;
        let prefix = self.prefix.trim_start_matches('/');
        if prefix.is_empty() && self.limit > 1 {
            return Err(Failure::new("A semaphore needs a prefix of its own"));
        }
        let plan = self.plan(prefix);
        self.say(&match self.limit {
            1 => format!("Setting up lock at path: {}", plan.key),
            limit => format!("Setting up semaphore (limit {limit}) at prefix: {prefix}"),
        });
        let lock = Held::begin(&client, plan).await?;
        self.say("Attempting lock acquisition");
        let (mut interrupted, mut terminated) = signals()?;
        let deadline = self.timeout.filter(|timeout| !timeout.is_zero()).map(|timeout| Instant::now() + timeout);
        let acquired = tokio::select! {
            acquired = lock.acquire(deadline) => acquired,
            _ = interrupted.recv() => Ok(false),
            _ = terminated.recv() => Ok(false),
        };
        let outcome = match acquired {
            Ok(true) => {
                self.say("Starting handler");
                let end = self.handle(env, &lock, async {
                    tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
                });
                self.report(end.await)
            }
            Ok(false) => Err(Failure::new("Shutdown triggered or timeout during lock acquisition")),
            Err(failure) => Err(failure),
        };
        match lock.end().await {
            Ok(()) => self.say("Cleanup succeeded"),
            Err(error) => eprintln!("Lock release failed: {error}"),
        }
        outcome
    }

    fn plan(&self, prefix: &str) -> Plan {
        let (key, limit) = match self.limit {
            1 if prefix.is_empty() => (".lock".to_owned(), 1),
            1 => (format!("{prefix}/.lock"), 1),
            limit => (prefix.to_owned(), limit),
        };
        let kind = if limit == 1 { "lock" } else { "semaphore" };
        let generated = || format!("Consul {kind} for '{}' at '{}'", self.child.join(" "), self.prefix);
        Plan { key, limit, name: self.name.clone().unwrap_or_else(generated), retries: self.monitor_retry }
    }

    fn say(&self, text: &str) {
        if self.verbose {
            println!("{text}");
        }
    }

    /// Runs the command until it ends, the lock is lost, or somebody wants us to end.
    async fn handle(&self, env: &Env, lock: &Held, interrupted: impl Future<Output = ()>) -> Result<End, Failure> {
        let mut child = self.command(env).spawn().context("Error running handler")?;
        let end = tokio::select! {
            status = child.wait() => End::ByItself(status.context("Error running handler")?),
            () = lock.lost() => End::LockLost,
            () = interrupted => End::Interrupted,
        };
        if !matches!(end, End::ByItself(_)) {
            self.end_child(&mut child).await;
        }
        Ok(end)
    }

    fn command(&self, env: &Env) -> Command {
        let mut command = if self.shell {
            let mut command = Command::new(env.plain("SHELL").unwrap_or("/bin/sh"));
            command.arg("-c").arg(self.child.join(" "));
            command
        } else {
            // There is at least one word.
            let (program, args) =
                self.child.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
            let mut command = Command::new(program);
            command.args(args);
            command
        };
        command.env("CONSUL_LOCK_HELD", "true").env("WEFT_LOCK_HELD", "true").kill_on_drop(true);
        if self.pass_stdin {
            command.stdin(Stdio::inherit());
        } else {
            // A group of its own, so that what a shell has started ends with it.
            command.stdin(Stdio::null()).process_group(0);
        }
        command
    }

    /// Asks the command to end, and ends it.
    async fn end_child(&self, child: &mut Child) {
        self.signal(child, Signal::TERM);
        if timeout(GRACE, child.wait()).await.is_err() {
            self.signal(child, Signal::KILL);
            // It is gone, or it will be; there is nobody left to tell.
            let _ = child.wait().await;
        }
    }

    fn signal(&self, child: &Child, signal: Signal) {
        let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) else { return };
        let sent = if self.pass_stdin { kill_process(pid, signal) } else { kill_process_group(pid, signal) };
        if let Err(error) = sent {
            eprintln!("Failed to signal the command: {error}");
        }
    }

    fn report(&self, end: Result<End, Failure>) -> Outcome {
        let failed = if self.child_exit_code { NO_ANSWER } else { DONE };
        match end? {
            End::ByItself(status) if status.success() => {
                self.say("Child terminated, releasing lock");
                Ok(DONE)
            }
            End::ByItself(status) => {
                eprintln!("Error running handler: {}", describe(status));
                Ok(failed)
            }
            End::LockLost => {
                eprintln!("Lock lost, killing child");
                Ok(FAILED)
            }
            End::Interrupted => {
                eprintln!("Shutdown triggered, killing child");
                Ok(FAILED)
            }
        }
    }
}

fn signals() -> Result<(tokio::signal::unix::Signal, tokio::signal::unix::Signal), Failure> {
    let watch = |kind| signal(kind).context("cannot watch for signals");
    Ok((watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?))
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => status.to_string(),
    }
}
