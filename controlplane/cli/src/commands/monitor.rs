//! `weft monitor`.

use crate::client::{ClientError, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};

/// Show the log of an agent while it is written
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft monitor\n  weft monitor --log-level debug --log-json")]
pub(crate) struct Monitor {
    /// The least level: trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// Each line is a JSON object
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl Monitor {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.get("/v1/agent/monitor").param("loglevel", &self.log_level);
        let request = if self.log_json { request.param("logjson", "true") } else { request };
        match request.follow(&mut std::io::stdout()).await {
            // Whoever read this has read enough.
            Err(ClientError::NotKept(_)) => Ok(DONE),
            Err(error) => Err(error).context("Error starting monitor"),
            Ok(_) => Err(Failure::new("The agent has ended the monitor. It has stopped, or its log is not its own.")),
        }
    }
}
