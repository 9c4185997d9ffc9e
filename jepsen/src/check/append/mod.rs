//! C3: transactions over lists are strictly serializable.
//!
//! Lists remember: a read of `[1 2 3]` tells that the appends of 1, 2 and 3 happened in that order. From this come
//! the dependencies between transactions, and a cycle of dependencies is an anomaly.
//!
//! ```text
//! history -> transactions -> version orders (anomalies of single reads) -> graph -> cycles, classified
//! ```

mod cycle;
mod graph;
mod judge;
#[cfg(test)]
mod tests;
mod txn;
mod versions;

pub use cycle::{Cycle, cycles};
pub use graph::{Edge, Graph, Why};
pub use judge::Append;
pub use txn::{Micro, Status, Txn, parse};
pub use versions::Versions;
