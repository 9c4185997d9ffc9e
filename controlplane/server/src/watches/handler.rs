//! What a watch does with a change: a command gets it on its standard input, an endpoint as a body.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::checks::{script, tell};

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
            Self::Args(command) => execute(command, index, &text).await,
            Self::Shell(line) => execute(&["/bin/sh", "-c", line].map(str::to_owned), index, &text).await,
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

async fn execute(command: &[String], index: u64, text: &str) -> Result<(), String> {
    let environment = [("CONSUL_INDEX", index.to_string())];
    let ran = script::execute(command, &environment, text, OUTPUT_MAX).await;
    let (status, said) = ran.map_err(|error| error.to_string())?;
    let said = said.trim_end();
    tracing::debug!("the handler of a watch said {said:?}");
    if status.success() { Ok(()) } else { Err(format!("{status}: {said}")) }
}
