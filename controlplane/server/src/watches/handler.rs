//! What a watch does with a change: a command gets it on its standard input, an endpoint as a body.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::checks::tell;

/// So much of a command's output goes into the log.
const OUTPUT_MAX: usize = 4096;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// A program and its arguments.
    Args(Vec<String>),
    /// A line for the shell.
    Shell(String),
    Http {
        url: String,
        method: String,
        header: BTreeMap<String, Vec<String>>,
        timeout: Duration,
        skip_verify: bool,
    },
}

impl Handler {
    /// Endpoints are not told that there is nothing.
    pub(super) fn skips(&self, found: &Value) -> bool {
        matches!(self, Self::Http { .. }) && found.is_null()
    }

    pub(super) async fn run(&self, index: u64, found: &Value) -> Result<(), String> {
        let text = format!("{found}\n");
        match self {
            Self::Args(args) => {
                let (program, arguments) = args.split_first().ok_or("there is no command")?;
                let mut command = Command::new(program);
                command.args(arguments);
                execute(command, index, &text).await
            }
            Self::Shell(line) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", line]);
                execute(command, index, &text).await
            }
            Self::Http { url, method, header, timeout: patience, skip_verify } => {
                let mut header = header.clone();
                header.insert("Content-Type".to_owned(), vec!["application/json".to_owned()]);
                header.entry("User-Agent".to_owned()).or_insert_with(|| vec!["weft watch".to_owned()]);
                header.insert("X-Consul-Index".to_owned(), vec![index.to_string()]);
                let told = timeout(*patience, tell(method, url, header, text, *skip_verify)).await;
                told.unwrap_or_else(|_| Err(format!("{url} has not answered for {patience:?}")))
            }
        }
    }
}

async fn execute(mut command: Command, index: u64, text: &str) -> Result<(), String> {
    command.env("CONSUL_INDEX", index.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().map_err(|error| error.to_string())?;
    let input = child.stdin.take();
    let give = async {
        if let Some(mut input) = input {
            // A command need not read what it is given.
            drop(input.write_all(text.as_bytes()).await);
        }
    };
    let ((), output) = tokio::join!(give, child.wait_with_output());
    let output = output.map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said[..said.len().min(OUTPUT_MAX)]).trim_end().to_owned();
    tracing::debug!("the handler of a watch said {said:?}");
    if output.status.success() { Ok(()) } else { Err(format!("{}: {said}", output.status)) }
}
