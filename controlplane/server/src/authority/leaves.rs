//! The leaves that were asked for, each with its keeper.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use weft_api::host::{AuthorityError, IssuedLeaf};
use weft_ca::config;
use weft_ca::seal::Keyring;
use weft_model::{Datacenter, ServiceName};
use weft_state::{StateView, Store};

use super::disk::Disk;
use super::issue::identity;
use super::keeper::{Keeper, Slot};
use super::limit::{Allowance, Limit};

/// After a change of root, leaves are issued anew over at most this time.
const SPREAD_MAX: Duration = Duration::from_secs(30);
/// The share of it that each leaf adds: few leaves are replaced at once.
const SPREAD_EACH: Duration = Duration::from_millis(10);

/// A service's leaf as it is now, and word of its changes.
pub(crate) struct LeafWatch {
    slot: watch::Receiver<Slot>,
}

impl LeafWatch {
    /// The leaf, once there is one.
    pub(crate) fn current(&mut self) -> Option<IssuedLeaf> {
        self.slot.borrow_and_update().issued.clone()
    }

    /// Waits until it has changed since [`LeafWatch::current`]; for ever once its keeper is gone.
    pub(crate) async fn changed(&mut self) {
        if self.slot.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[derive(Clone)]
pub(super) struct Leaves {
    shared: Arc<Shared>,
}

/// What keepers know. They hold it weakly, so that they end with the last handle.
pub(super) struct Shared {
    pub(super) store: Arc<Store>,
    pub(super) datacenter: Datacenter,
    pub(super) disk: Option<Disk>,
    /// What the key that signs is sealed with.
    pub(super) keys: Keyring,
    pub(super) limit: Limit,
    kept: Mutex<HashMap<ServiceName, Kept>>,
}

struct Kept {
    slot: watch::Receiver<Slot>,
    /// Whether anybody has asked for it since it was last renewed.
    asked: bool,
    _keeper: AbortOnDropHandle<()>,
}

impl Leaves {
    pub(super) fn new(store: Arc<Store>, datacenter: Datacenter, data_dir: Option<PathBuf>, keys: Keyring) -> Self {
        let disk = data_dir.map(Disk::new);
        let (limit, kept) = (Limit::default(), Mutex::default());
        Self { shared: Arc::new(Shared { store, datacenter, disk, keys, limit, kept }) }
    }

    /// The leaf as it is, or why there is none.
    pub(super) async fn current(&self, service: ServiceName) -> Result<IssuedLeaf, AuthorityError> {
        let mut slot = self.slot(service)?;
        let slot = slot.wait_for(|slot| slot.issued.is_some() || slot.failure.is_some()).await.map_err(|_| gone())?;
        match (&slot.issued, &slot.failure) {
            (Some(issued), _) => Ok(issued.clone()),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(gone()),
        }
    }

    /// Waits for a leaf with an index above `index`.
    pub(super) async fn after(&self, service: ServiceName, index: u64) -> Result<IssuedLeaf, AuthorityError> {
        let mut slot = self.slot(service)?;
        let newer = |slot: &Slot| slot.issued.as_ref().is_some_and(|issued| issued.index > index);
        let slot = slot.wait_for(newer).await.map_err(|_| gone())?;
        slot.issued.clone().ok_or_else(gone)
    }

    /// The leaf as a value that changes.
    pub(super) fn watch(&self, service: ServiceName) -> Result<LeafWatch, AuthorityError> {
        let mut slot = self.slot(service)?;
        slot.mark_changed();
        Ok(LeafWatch { slot })
    }

    fn slot(&self, service: ServiceName) -> Result<watch::Receiver<Slot>, AuthorityError> {
        let mut kept = self.shared.kept.lock();
        if let Some(kept) = kept.get_mut(&service) {
            kept.asked = true;
            return Ok(kept.slot.clone());
        }
        self.shared.admit(&service)?;
        let (sender, slot) = watch::channel(Slot::default());
        let keeper = Keeper { service: service.clone(), shared: Arc::downgrade(&self.shared), slot: sender };
        let keeper = AbortOnDropHandle::new(tokio::spawn(keeper.run(Arc::clone(&self.shared.store))));
        kept.insert(service, Kept { slot: slot.clone(), asked: true, _keeper: keeper });
        Ok(slot)
    }
}

impl Shared {
    /// A name that fits no identity gets no keeper.
    fn admit(&self, service: &ServiceName) -> Result<(), AuthorityError> {
        let Some(ca) = StateView::new(&self.store.current()).ca() else {
            return Err(AuthorityError::Unavailable("CA is uninitialized".to_owned()));
        };
        let found = identity(&ca.value, &self.datacenter, service);
        found.map(drop).map_err(|error| AuthorityError::Invalid(error.to_string()))
    }

    /// How many leaves the CA's settings allow to be signed; settings that cannot be read limit nothing.
    pub(super) fn allowance(&self) -> Allowance {
        let ca = StateView::new(&self.store.current()).ca();
        let settings = ca.and_then(|ca| config::settings(&ca.value.config).ok());
        settings.map_or(Allowance::Any, |settings| Allowance::of(&settings))
    }

    /// Called when a leaf is due. One that nobody watches, and nobody has asked for since it was last
    /// renewed, is let go; whoever asks later gets a new one.
    pub(super) fn let_go_if_idle(&self, service: &ServiceName, slot: &watch::Sender<Slot>) -> bool {
        let mut kept = self.kept.lock();
        let Some(entry) = kept.get_mut(service) else { return true };
        // One receiver is the entry's own, and new ones are only made under the lock.
        if std::mem::take(&mut entry.asked) || slot.receiver_count() > 1 {
            return false;
        }
        kept.remove(service);
        true
    }

    /// How long this leaf may wait after a change of root.
    pub(super) fn jitter(&self) -> Duration {
        let kept = u32::try_from(self.kept.lock().len()).unwrap_or(u32::MAX);
        SPREAD_EACH.saturating_mul(kept).min(SPREAD_MAX).mul_f64(rand::random())
    }
}

pub(super) type WeakShared = Weak<Shared>;

fn gone() -> AuthorityError {
    AuthorityError::Unavailable("the agent is shutting down".to_owned())
}
