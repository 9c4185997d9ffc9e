//! Who this server is to its peers.

use std::sync::Arc;

use parking_lot::RwLock;

/// What a server says of itself with every request, and holds the requests of others against.
#[derive(Debug)]
pub struct Identity {
    id: u64,
    datacenter: String,
    cluster: RwLock<Arc<str>>,
}

impl Identity {
    /// A server that belongs to no cluster yet.
    #[must_use]
    pub fn new(id: u64, datacenter: &str) -> Self {
        Self { id, datacenter: datacenter.to_owned(), cluster: RwLock::new(Arc::from("")) }
    }

    /// The server's number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its datacenter.
    #[must_use]
    pub fn datacenter(&self) -> &str {
        &self.datacenter
    }

    /// The cluster that it belongs or has pledged itself to; empty when there is none.
    #[must_use]
    pub fn cluster(&self) -> Arc<str> {
        Arc::clone(&self.cluster.read())
    }

    /// From now on it speaks to servers of this cluster only; empty: it speaks to none.
    pub fn set_cluster(&self, cluster: &str) {
        *self.cluster.write() = Arc::from(cluster);
    }
}
