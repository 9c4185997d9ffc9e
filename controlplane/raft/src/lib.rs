//! The replicated log: commands in, committed and applied states out.
//!
//! ```text
//! Store::propose ─> Proposer ─> openraft ─> LogStore (RocksDB) ─> Machine ─> Store::publish
//!                       │          │
//!                    Forward    Network ─> Transport ~~~ Inbound of another server
//! ```
//!
//! openraft decides, this crate stores: the log and vote in RocksDB, the state in memory and now
//! and then in a raft snapshot. All of openraft's types stay in this crate, so that its next
//! version touches only this crate.

mod answer;
mod blocking;
mod calls;
mod config;
mod core;
mod data_dir;
pub mod disk;
mod error;
mod fatal;
mod forward;
mod hashes;
mod heard;
mod inbound;
mod log_store;
mod loss;
mod machine;
mod member;
mod membership;
mod network;
mod offline;
mod outcome;
pub mod peer;
mod peers;
mod progress;
mod proposer;
mod raft;
mod reads;
mod request;
mod runtime;
mod simulated;
mod snapshot;
mod status;
mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;
mod types;
mod verify;
mod view;
mod watch;
mod wire;

pub use config::Config;
pub use data_dir::judge;
pub use error::{LeaderError, ReadError, StartError};
pub use member::{ClusterState, Contact, Member, Server};
pub use offline::{Offline, inspect, recover};
pub use raft::Raft;
#[cfg(any(test, feature = "testing"))]
pub use simulated::{Died, Simulation, simulate};
pub use status::{Role, Status};
pub use transport::{Answers, Caller, Inbound, Method, NoTransport, PeerAddress, Refusal, Transport, TransportError};
