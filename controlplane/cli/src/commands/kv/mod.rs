//! `weft kv`: keys and values.

mod delete;
mod export;
mod get;
mod import;
mod put;

use std::io::Read as _;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::{Failure, Outcome, plain_io};

/// Read and write the key/value store
#[derive(Debug, Subcommand)]
pub(crate) enum Kv {
    Delete(delete::Delete),
    Export(export::Export),
    Get(get::Get),
    Import(import::Import),
    Put(put::Put),
}

impl Kv {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Delete(delete) => delete.run(env).await,
            Self::Export(export) => export.run(env).await,
            Self::Get(get) => get.run(env).await,
            Self::Import(import) => import.run(env).await,
            Self::Put(put) => put.run(env).await,
        }
    }
}

/// What is written, as it is given: `@file`, `-` for standard input, or itself.
fn data(text: &str) -> Result<Vec<u8>, Failure> {
    if text == "-" {
        let mut bytes = Vec::new();
        let outcome = std::io::stdin().read_to_end(&mut bytes);
        outcome.map_err(|error| Failure::new(format!("Error! Failed to read stdin: {}", plain_io(&error))))?;
        return Ok(bytes);
    }
    match text.strip_prefix('@') {
        Some(file) => std::fs::read(file)
            .map_err(|error| Failure::new(format!("Error! Failed to read file: {file}: {}", plain_io(&error)))),
        None => Ok(text.as_bytes().to_vec()),
    }
}
