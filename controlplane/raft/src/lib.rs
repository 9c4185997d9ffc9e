//! The replicated log: commands in, committed and applied states out.
//!
//! ```text
//! Store::propose ─> Proposer ─> openraft ─> LogStore (RocksDB) ─> Machine ─> Store::publish
//! ```
//!
//! openraft decides, this crate stores: the log and vote in RocksDB, the state in memory and now
//! and then in a raft snapshot. All of openraft's types stay in this crate, so that its next
//! version touches only this crate.

mod answer;
mod config;
mod data_dir;
mod error;
mod fatal;
mod log_store;
mod machine;
mod network;
mod progress;
mod proposer;
mod raft;
mod request;
mod snapshot;
mod status;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod types;
mod watch;

pub use config::Config;
pub use error::StartError;
pub use raft::Raft;
pub use status::{Role, Status};
