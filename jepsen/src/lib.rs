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
pub mod history;
pub mod proof;
pub mod report;
pub mod workload;
