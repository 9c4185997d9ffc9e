//! `weft version`.

use serde_json::json;

use crate::failure::{DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Print the version
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft version\n  weft version --format json")]
pub(crate) struct Version {
    #[command(flatten)]
    format: FormatFlag,
}

impl Version {
    pub(crate) fn run(&self) -> Outcome {
        let version = env!("CARGO_PKG_VERSION");
        match self.format.format {
            Format::Pretty => output::print(&format!("weft v{version}"))?,
            Format::Json => output::print_json(&json!({ "Version": version }))?,
        }
        Ok(DONE)
    }
}
