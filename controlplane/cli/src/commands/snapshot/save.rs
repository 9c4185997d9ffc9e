//! `weft snapshot save`.

use std::path::PathBuf;

use super::save_to;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{DONE, Outcome};
use crate::output;

/// Save all that a cluster knows to a file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft snapshot save backup.snap
  weft snapshot save --stale backup.snap               also without a leader; perhaps a little old")]
pub(crate) struct Save {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    http: HttpFlags,
}

impl Save {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let meta = save_to(&self.http.client(env)?, &self.file).await?;
        output::print(&format!("Saved and verified snapshot to index {}", meta.index))?;
        Ok(DONE)
    }
}
