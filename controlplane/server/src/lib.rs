//! An agent as a library: configuration, wiring, tasks, health checks, leader duties.
//!
//! ```text
//! flags, files ─config─> Config ─Agent::start─> listeners, Raft, CA, checks, duties, REST, ADS
//! ```
//!
//! [`app`] starts everything, in an order that is meant to be read. The other modules are the parts
//! that need an agent around them; what can do without one lives in the other crates.

mod acl;
pub mod agent;
pub mod app;
mod authority;
mod autopilot;
mod banner;
pub mod checks;
mod client;
pub mod client_tls;
mod clients;
mod clock;
mod cluster;
pub mod config;
mod coordinates;
mod definitions;
mod dns;
mod duties;
mod first_entries;
mod formation;
mod front_tls;
mod grpc;
mod keep;
mod listen;
mod log;
mod node;
mod peer_tls;
mod pem_files;
mod pid_file;
mod presence;
mod proxies;
mod reload;
#[cfg(test)]
mod testing;
mod unix_socket;
pub mod watches;

pub use app::{Addresses, Agent};
pub use peer_tls::generate as generate_join_secret;

/// What this build calls itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The revision that it was built from, where the build names one.
pub const REVISION: &str = match option_env!("WEFT_REVISION") {
    Some(revision) => revision,
    None => "",
};
