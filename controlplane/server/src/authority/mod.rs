//! The certificate authority as this agent uses it: the first root, changes of root, and the leaves
//! of the services that are asked for here.
//!
//! ```text
//! ask for a leaf ─> keeper (one a service) ─CaIssue─> serial ─> key, CSR, signature ─> watchers, disk
//! configure ─> plan ─CaUpdate─> staged root ─every proxy has it─> active ─> keepers issue anew
//! ```

mod bootstrap;
mod change;
mod disk;
mod issue;
mod keeper;
mod leaves;
mod limit;
mod sealing;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use weft_api::host::{Authority, AuthorityError, IssuedLeaf};
use weft_ca::seal::Keyring;
use weft_model::ca::CaConfig;
use weft_model::{Datacenter, ServiceName};
use weft_state::{ProposeError, Store};
use weft_xds::ledger::Ledger;

pub(crate) use bootstrap::found;
pub(crate) use leaves::LeafWatch;
use leaves::Leaves;
pub(crate) use sealing::watch;

/// The authority; clones are the same one.
#[derive(Clone)]
pub(crate) struct LocalAuthority {
    store: Arc<Store>,
    ledger: Ledger,
    keys: Keyring,
    leaves: Leaves,
}

impl LocalAuthority {
    /// An authority that keeps its leaves in `data_dir`, if there is one. The ledger tells which
    /// proxies have a new root; with `keys` the private keys are sealed and opened.
    pub(crate) fn new(
        store: Arc<Store>,
        ledger: Ledger,
        datacenter: Datacenter,
        data_dir: Option<PathBuf>,
        keys: Keyring,
    ) -> Self {
        let leaves = Leaves::new(Arc::clone(&store), datacenter, data_dir, keys.clone());
        Self { store, ledger, keys, leaves }
    }

    /// The leaf of a service as a value that changes; issued when there is none.
    ///
    /// # Errors
    /// The service's name fits no identity.
    pub(crate) fn watch(&self, service: ServiceName) -> Result<LeafWatch, AuthorityError> {
        self.leaves.watch(service)
    }
}

impl Authority for LocalAuthority {
    fn leaf(&self, service: ServiceName) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        Box::pin(self.leaves.current(service))
    }

    fn leaf_after(&self, service: ServiceName, index: u64) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        Box::pin(self.leaves.after(service, index))
    }

    fn configure(&self, config: CaConfig) -> BoxFuture<'_, Result<(), AuthorityError>> {
        // In a task of its own: a caller that gives up must not leave a root half way.
        let (store, ledger, keys) = (Arc::clone(&self.store), self.ledger.clone(), self.keys.clone());
        let change = tokio::spawn(change::configure(store, ledger, keys, config));
        Box::pin(async { change.await.map_err(|error| AuthorityError::Unavailable(error.to_string()))? })
    }
}

fn unavailable(error: &ProposeError) -> AuthorityError {
    AuthorityError::Unavailable(error.to_string())
}
