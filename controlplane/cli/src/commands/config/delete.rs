//! `weft config delete`.

use super::{CasFlags, EntryFlags};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Delete a config entry
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft config delete --kind service-defaults --name web")]
pub(crate) struct Delete {
    #[command(flatten)]
    entry: EntryFlags,
    #[command(flatten)]
    cas: CasFlags,
    #[command(flatten)]
    http: HttpFlags,
}

impl Delete {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let title = self.entry.title();
        let client = self.http.client(env)?;
        let cas = self.cas.index();
        let request = client.delete(self.entry.path()).param_if("cas", cas.as_deref());
        let answer = request.send().await.context(format!("Error deleting config entry {title}"))?;
        // Without --cas the answer is an empty object.
        if cas.is_some() && !answer.is_true() {
            return Err(Failure::new(format!("Config entry not deleted: {title}")));
        }
        output::print(&format!("Config entry deleted: {title}"))?;
        Ok(DONE)
    }
}
