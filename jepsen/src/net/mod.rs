//! The network between servers, and between clients and servers: one policy for each directed link.
//!
//! Number 0 is all clients together; the others are servers. Links between servers and links to clients are separate, so that
//! clients reach both sides of a split.

pub mod plain;
pub mod policy;
pub mod root;

pub use policy::{Counters, Policy};

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::Result;

/// All clients.
pub const CLIENTS: u8 = 0;

/// A directed link: from, to.
pub type Pair = (u8, u8);

/// Where a server listens and how its process is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plug {
    /// For clients.
    pub client: Ipv4Addr,
    /// For other servers.
    pub bind: Ipv4Addr,
    /// Where other servers are told that it listens.
    pub advertise: Ipv4Addr,
    /// The network namespace that it lives in, if it has one of its own.
    pub space: Option<PathBuf>,
}

/// What a network can do beside cutting links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skill {
    /// Lose, repeat and reorder packets, not just slow streams.
    Packets,
    /// Cut clients off from a server.
    ClientLinks,
    /// Carry UDP between servers.
    Datagrams,
}

/// A network with a policy for each directed link.
pub trait Network: Send + Sync {
    /// `root` or `plain`.
    fn name(&self) -> &'static str;
    /// Whether it has that skill.
    fn can(&self, skill: Skill) -> bool;
    /// Makes a place for a server, whose peers listen on that port.
    ///
    /// # Errors
    /// When the system refuses.
    fn plug(&self, number: u8, peer_port: u16) -> Result<Plug>;
    /// Tells whose process is whose.
    fn started(&self, number: u8, pid: u32);
    /// What happens on a link from now on.
    fn set(&self, link: Pair, policy: Policy);
    /// All links are as at the beginning.
    fn heal(&self);
    /// What was seen on each link so far.
    fn counters(&self) -> BTreeMap<Pair, Counters>;
}

/// What came to a set of links between two looks.
#[must_use]
pub fn since(before: &BTreeMap<Pair, Counters>, after: &BTreeMap<Pair, Counters>, links: &[Pair]) -> Counters {
    let zero = Counters::default();
    let of = |counters: &BTreeMap<Pair, Counters>, link| *counters.get(link).unwrap_or(&zero);
    links.iter().fold(zero, |sum, link| sum.plus(of(after, link).minus(of(before, link))))
}
