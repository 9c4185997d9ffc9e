//! `weft services deregister`.

use super::definitions;
use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Deregister services that were registered with this agent
///
/// A sidecar goes with its service.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft services deregister web.hcl api.json\n  weft services deregister --id web-1")]
pub(crate) struct Deregister {
    /// Files that they were registered from
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// ID of the instance
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Deregister {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let ids = match (&self.id, self.files.as_slice()) {
            (None, []) => return Err(Failure::new("Service deregistration requires at least one argument or -id.")),
            (Some(_), [_, ..]) => {
                return Err(Failure::new("Service deregistration requires arguments or -id, not both."));
            }
            (Some(id), []) => vec![id.clone()],
            (None, files) => {
                definitions::load(files)?.iter().map(|found| found.service.service_id().to_string()).collect()
            }
        };
        let client = self.http.client(env)?;
        for id in ids {
            let sent = client.put(format!("/v1/agent/service/deregister/{}", segment(&id))).send().await;
            sent.context(format!("Error deregistering service {id:?}"))?;
            output::print(&format!("Deregistered service: {id}"))?;
        }
        Ok(DONE)
    }
}
