//! Whole clusters in one process, on one thread, in simulated time, under a seed.
//!
//! ```text
//! clients ─> servers (weft-raft, weft-state) ─> SimNet, SimDisk
//!    │           ↑ kills, power cuts, partitions, full and failing disks
//! history ─> one check per invariant
//! ```
//!
//! The seed decides what the clients do, what breaks and when, how long each message and each sync
//! takes, and when elections are held. What it does not decide is named in [`run`].

mod check;
mod clients;
mod cluster;
mod deaths;
mod disk;
mod history;
mod invariants;
mod nemesis;
mod net;
mod plan;
mod run;
mod sampler;
mod server;

pub use check::{Report, Violation};
pub use run::run;
