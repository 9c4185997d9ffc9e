//! Workloads: what clients do while the nemesis works, and how answers become outcomes.
//!
//! ```text
//! seed -> Load -> Workload::step -> Session -> Client -> server
//!                                     `-> Recorder
//! ```

pub mod append;
pub mod catalog;
pub mod drive;
pub mod journal;
pub mod keys;
pub mod locks;
pub mod modes;
pub mod operator;
pub mod register;
pub mod said;
pub mod session;
pub mod set;
pub mod spec;
pub mod store;
pub mod txn;
pub mod wait;
pub mod watch;

pub use drive::Load;
pub use session::{Asked, Session};
pub use spec::{Crew, Step, Workload};

use std::sync::Arc;

use store::{ConsulStore, EtcdStore, Mode, Store};

/// The workload of that name for that system; `None`: there is none. `consul-stale` is Consul whose stale
/// reads are called linearizable: the judges must object.
#[must_use]
pub fn named(name: &str, system: &str) -> Option<Arc<dyn Workload>> {
    let store: Box<dyn Store> = match system {
        "weft" | "consul" => Box::new(ConsulStore::default()),
        "consul-stale" => Box::new(ConsulStore { reads: Some(Mode::Stale) }),
        "consul-consistent" => Box::new(ConsulStore { reads: Some(Mode::Consistent) }),
        "etcd" => Box::new(EtcdStore),
        _ => return None,
    };
    let weft = system == "weft";
    match name {
        "append" if weft => Some(Arc::new(append::AppendWorkload::default())),
        "catalog" if weft => Some(Arc::new(catalog::CatalogWorkload::default())),
        "lock" if weft => Some(Arc::new(locks::LocksWorkload::default())),
        "modes" if weft => Some(Arc::new(modes::ModesWorkload::default())),
        "operator" if weft => Some(Arc::new(operator::OperatorWorkload::default())),
        "watch" if weft => Some(Arc::new(watch::WatchWorkload::default())),
        "register" => Some(Arc::new(register::RegisterWorkload::new(store))),
        "set" => Some(Arc::new(set::SetWorkload::new(store))),
        _ => None,
    }
}
