//! For tests: a network in memory, and (for this crate's own) sample commands and servers.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod cluster;
mod envelope;
mod memory_net;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod samples;

#[cfg(test)]
pub(crate) use cluster::{Cluster, Node, impatient, member, patient};
pub use envelope::envelope;
pub use memory_net::{Link, MemoryNet};
#[cfg(test)]
pub(crate) use samples::*;
