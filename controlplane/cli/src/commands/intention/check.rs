//! `weft intention check`.

use super::target::pair;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, FAILED, Failure, NO_ANSWER, Outcome};
use crate::output;

/// Ask whether SRC may connect to DST
///
/// Exit code 0 means allowed, 1 denied, 2 that there was no answer. Permissions that look at
/// requests count as denied: they do not hold for a whole connection.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft intention check web api")]
pub(crate) struct Check {
    /// The two services
    #[arg(value_names = ["SRC", "DST"], num_args = 0..)]
    services: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Check {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let allowed = self.ask(env).await.map_err(|failure| failure.with_code(NO_ANSWER))?;
        output::print(if allowed { "Allowed" } else { "Denied" })?;
        Ok(if allowed { DONE } else { FAILED })
    }

    async fn ask(&self, env: &Env) -> Result<bool, Failure> {
        let [source, destination] = self.services.as_slice() else {
            return Err(Failure::new("Error: command requires exactly two arguments: src and dst"));
        };
        let client = self.http.client(env)?;
        let request = pair(client.get("/v1/connect/intentions/check"), source, destination);
        let answer = request.fetch().await.context("Error checking the connection")?;
        answer["Allowed"]
            .as_bool()
            .ok_or_else(|| Failure::new("Error checking the connection: the answer says neither"))
    }
}
