//! Script checks: a command whose exit code is the status. 0 passes, 1 warns, anything else is critical.

use std::os::fd::OwnedFd;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use weft_model::health::CheckStatus;

use super::outcome::Outcome;

/// How long what a command has left running may go on talking after its end.
const LAST_WORDS: Duration = Duration::from_millis(100);

pub(super) async fn run(command: &[String], output_max: usize) -> Outcome {
    match execute(command, &[], "", output_max).await {
        Ok((status, output)) => Outcome::new(judge(status), output),
        Err(error) => Outcome::critical(format!("{}: {error}", command.first().map_or("", String::as_str))),
    }
}

fn judge(status: ExitStatus) -> CheckStatus {
    match status.code() {
        Some(0) => CheckStatus::Passing,
        Some(1) => CheckStatus::Warning,
        Some(_) | None => CheckStatus::Critical,
    }
}

/// Runs a command with more in its environment and this on its standard input, which it need not read. Its status, and the
/// end of what it has said. Giving it up ends it, with all that it has started.
pub(crate) async fn execute(
    command: &[String],
    environment: &[(&str, String)],
    input: &str,
    output_max: usize,
) -> std::io::Result<(ExitStatus, String)> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(std::io::Error::other("there is no command"));
    };
    let (reader, writer) = std::io::pipe()?;
    let mut reader = Receiver::from_owned_fd(OwnedFd::from(reader))?;
    let child = {
        let mut command = Command::new(program);
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.args(arguments).stdin(stdin).stdout(writer.try_clone()?).stderr(writer);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        // A group of its own, so that giving it up ends all that it has started.
        command.process_group(0).spawn()?
    };
    let mut running = Running(child);
    let mut stdin = running.0.stdin.take();
    let mut give = pin!(async {
        if let Some(mut stdin) = stdin.take() {
            drop(stdin.write_all(input.as_bytes()).await);
        }
    });
    let mut is_given = false;
    let mut output = Tail::new(output_max);
    let mut buffer = [0; 4096];
    let status = loop {
        tokio::select! {
            () = &mut give, if !is_given => is_given = true,
            read = reader.read(&mut buffer) => match read? {
                0 => break running.0.wait().await?,
                length => output.push(&buffer[..length]),
            },
            status = running.0.wait() => {
                while let Ok(Ok(length @ 1..)) = timeout(LAST_WORDS, reader.read(&mut buffer)).await {
                    output.push(&buffer[..length]);
                }
                break status?;
            }
        }
    };
    Ok((status, output.text()))
}

/// A command. Dropping it while it runs ends it, and what it has started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The end of an output, and how long all of it was.
struct Tail {
    bytes: Vec<u8>,
    max: usize,
    all: usize,
}

impl Tail {
    fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max, all: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.all += bytes.len();
        self.bytes.extend_from_slice(bytes);
        let over = self.bytes.len().saturating_sub(self.max);
        self.bytes.drain(..over);
    }

    fn text(self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        if self.all == self.bytes.len() {
            return text.into_owned();
        }
        format!("Captured {} of {} bytes\n...\n{text}", self.bytes.len(), self.all)
    }
}
