//! `weft snapshot`: all that a cluster knows, as a file, and back.

mod agent;
mod inspect;
mod restore;
mod save;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use clap::Subcommand;
use weft_api::archive::{Meta, unpack};

use crate::client::Client;
use crate::env::Env;
use crate::failure::{Context, Failure, Outcome, plain_io};

/// Save, restore and inspect snapshots
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    Agent(agent::Agent),
    Inspect(inspect::Inspect),
    Restore(restore::Restore),
    Save(save::Save),
}

impl Snapshot {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Agent(agent) => agent.run(env).await,
            Self::Inspect(inspect) => inspect.run(),
            Self::Restore(restore) => restore.run(env).await,
            Self::Save(save) => save.run(env).await,
        }
    }
}

/// Reads all of a snapshot file and checks that it holds together.
fn verify(path: &Path) -> Result<Meta, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::new(format!("Error opening snapshot file: {}: {}", path.display(), plain_io(&error)))
    })?;
    let archive = unpack(BufReader::new(file), io::sink(), u64::MAX).context("Error verifying snapshot")?;
    Ok(archive.meta)
}

/// Saves a snapshot to a file, which is there only if it is whole; what it holds.
async fn save_to(client: &Client, path: &Path) -> Result<Meta, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = |error: &io::Error| {
        Failure::new(format!("Error writing snapshot file: {}: {}", path.display(), plain_io(error)))
    };
    let mut unverified = tempfile::NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    client.get("/v1/snapshot").download(&mut unverified).await.context("Error saving snapshot")?;
    unverified.as_file().sync_all().map_err(|error| cannot(&error))?;
    let meta = verify(unverified.path())?;
    unverified.persist(path).map_err(|error| cannot(&error.error))?;
    Ok(meta)
}
