//! One server's process.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// Why an end of a process is no surprise.
pub type Excuse = String;

/// A process that was started.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub pid: u32,
    /// Why it may end, if it may.
    pub excuse: Option<Excuse>,
    pub paused: bool,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub excuse: Option<Excuse>,
}

impl Process {
    /// Starts the program; both its outputs go to the end of the log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(words: &[String], env: &[(String, String)], log: &Path) -> Result<Self> {
        let (program, args) = words.split_first().context("no program")?;
        let log = OpenOptions::new().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let mut command = Command::new(program);
        command.args(args).envs(env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("start {program}"))?;
        let pid = child.id().context("it ended at once")?;
        Ok(Self { child, pid, excuse: None, paused: false })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<End> {
        use std::os::unix::process::ExitStatusExt as _;

        let status = self.child.try_wait().ok().flatten()?;
        Some(End { code: status.code(), signal: status.signal(), excuse: self.excuse.clone() })
    }

    /// Sends a signal. A process that is gone already needs none.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }
}
