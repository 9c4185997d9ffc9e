//! Workloads: what clients do while the nemesis works, and how answers become outcomes.
//!
//! ```text
//! seed -> Workload::step -> Session -> Client -> server
//!                              `-> Recorder
//! ```

mod session;
mod spec;

pub use session::{Asked, Session};
pub use spec::{Crew, Step, Workload};

/// The workload of that name for that system (`weft`, `consul` or `etcd`); `None`: it has none.
#[must_use]
pub fn named(_name: &str, _system: &str) -> Option<std::sync::Arc<dyn Workload>> {
    None
}
