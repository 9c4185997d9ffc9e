//! Real weft processes under real faults, and judges that read what clients were told.
//!
//! ```text
//! workload -> client -> servers (nemesis at work) -> history -> check -> report
//! ```
//!
//! One monotonic clock stamps everything. The recorded history, not the seed, is the evidence: a
//! run's folder can be judged again at any time without a server.

pub mod check;
pub mod client;
pub mod cluster;
pub mod commands;
pub mod disk;
pub mod history;
pub mod native;
pub mod nemesis;
pub mod net;
pub mod proof;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod shell;
pub mod shim;
pub mod workload;
