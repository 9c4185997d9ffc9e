//! `weft snapshot inspect`.

use std::path::PathBuf;

use super::verify;
use crate::failure::{DONE, Outcome};
use crate::output;

/// Check a snapshot file and say what it holds
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft snapshot inspect backup.snap")]
pub(crate) struct Inspect {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Inspect {
    pub(crate) fn run(&self) -> Outcome {
        let meta = verify(&self.file)?;
        let lines = [
            ("ID", meta.id),
            ("Size", meta.size.to_string()),
            ("Index", meta.index.to_string()),
            ("Term", meta.term.to_string()),
            ("Version", meta.version.to_string()),
            ("Sealed", meta.sealed.to_string()),
        ];
        output::print(&lines.map(|(name, value)| format!("{name:<13}{value}\n")).concat())?;
        Ok(DONE)
    }
}
