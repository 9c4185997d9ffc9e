//! `weft config`: config entries.

mod delete;
mod list;
mod read;
mod write;

use clap::Subcommand;

use crate::client::segment;
use crate::env::Env;
use crate::failure::Outcome;

/// Write, read, list and delete config entries
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Write(write::Write),
    Read(read::Read),
    List(list::List),
    Delete(delete::Delete),
}

impl Config {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Write(write) => write.run(env).await,
            Self::Read(read) => read.run(env).await,
            Self::List(list) => list.run(env).await,
            Self::Delete(delete) => delete.run(env).await,
        }
    }
}

/// Which entry.
#[derive(Debug, clap::Args)]
struct EntryFlags {
    /// Kind of the entry, as service-defaults
    #[arg(long, value_name = "KIND")]
    kind: String,
    /// Name of the entry
    #[arg(long, value_name = "NAME")]
    name: String,
}

impl EntryFlags {
    fn path(&self) -> String {
        format!("/v1/config/{}/{}", segment(&self.kind), segment(&self.name))
    }

    fn title(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// Whether a write asks that nobody else has written since.
#[derive(Debug, clap::Args)]
struct CasFlags {
    /// Only if the entry is still at --modify-index
    #[arg(long)]
    cas: bool,
    /// The ModifyIndex that was read; 0 means that the entry must not exist
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    modify_index: u64,
}

impl CasFlags {
    fn index(&self) -> Option<String> {
        self.cas.then(|| self.modify_index.to_string())
    }
}
