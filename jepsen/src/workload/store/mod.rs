//! Keys and values, as W1 and W2 need them, over the systems that we judge.

mod consul;
mod etcd;

pub use consul::ConsulStore;
pub(crate) use consul::entries as consul_entries;
pub use etcd::EtcdStore;

use futures::future::BoxFuture;

use super::said::Said;
use super::session::Session;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub value: String,
    /// The version to compare with.
    pub version: u64,
}

/// Under what condition a mutation takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    Always,
    /// The key must not exist.
    Absent,
    /// The key must be at that version.
    At(u64),
}

/// Where a read may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Default,
    Consistent,
    /// From the asked server's own state.
    Stale,
}

impl Mode {
    /// Its name in the history.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Consistent => "consistent",
            Self::Stale => "stale",
        }
    }
}

/// A system with keys and values.
pub trait Store: Send + Sync {
    /// Reads one key.
    fn get<'a>(&'a self, session: &'a mut Session, key: &'a str, mode: Mode) -> BoxFuture<'a, Said<Option<Entry>>>;
    /// Reads all keys that begin so.
    fn list<'a>(&'a self, session: &'a mut Session, prefix: &'a str, mode: Mode) -> BoxFuture<'a, Said<Vec<Entry>>>;
    /// Sets a key; says whether the guard let it.
    fn put<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a str,
        value: String,
        guard: Guard,
    ) -> BoxFuture<'a, Said<bool>>;
    /// Deletes a key; says whether the guard let it.
    fn delete<'a>(&'a self, session: &'a mut Session, key: &'a str, guard: Guard) -> BoxFuture<'a, Said<bool>>;
}
