//! `weft snapshot restore`.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome, plain_io};
use crate::output;

/// A large state takes its time through the log.
const PATIENCE: Duration = Duration::from_secs(600);

/// Put a snapshot in the place of what the cluster knows
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft snapshot restore backup.snap")]
pub(crate) struct Restore {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    http: HttpFlags,
}

impl Restore {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let file = File::open(&self.file).map_err(|error| {
            Failure::new(format!("Error opening snapshot file: {}: {}", self.file.display(), plain_io(&error)))
        })?;
        let client = self.http.client(env)?;
        let request = client.put("/v1/snapshot").file(file).patience(PATIENCE);
        request.send().await.context("Error restoring snapshot")?;
        output::print("Restored snapshot")?;
        Ok(DONE)
    }
}
