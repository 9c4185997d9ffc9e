//! Snapshots for people: a gzipped tar of `meta.json`, `state.bin` and `SHA256SUMS`, as Consul's.
//!
//! ```text
//! state -> [sealed] -> state.bin ─┐
//! what it is ------> meta.json ---┼-> tar -> gzip -> file
//! sums of both ----> SHA256SUMS --┘
//! ```
//!
//! A cluster with a join secret seals the state, which holds the keys of its certificate authority. Everything is
//! streamed: neither side holds more than a piece in memory. Reading gives nothing away before all of it was checked.

mod damage;
mod meta;
mod pack;
mod seal;
mod sums;
mod tar;
mod unpack;

pub use damage::Damage;
pub use meta::{Configuration, Meta, Peer};
pub use pack::{Content, pack};
pub use seal::{SealKey, open};
pub use unpack::{Unpacked, unpack};

const META: &str = "meta.json";
const STATE: &str = "state.bin";
const SUMS: &str = "SHA256SUMS";

#[cfg(test)]
mod tests;
