//! Changing the CA's configuration, and with it perhaps its root.
//!
//! A new root is staged first: listed and trusted, while the old one signs. It becomes active when
//! every connected proxy has acknowledged it, so that no leaf is served under a root that some
//! verifier does not have. A proxy that does not answer delays this only so long; its peers' leaves
//! carry the cross-signed way to the old root.
//!
//! Plans are made on the opened form of the CA, and sealed before they leave this file.

use std::sync::Arc;
use std::time::Duration;

use weft_api::host::AuthorityError;
use weft_ca::rotation::{self, Activation, Draw, Plan};
use weft_ca::seal::state::Opened;
use weft_ca::seal::{self, Keyring};
use weft_ca::{CaError, CaKey};
use weft_model::ca::{CaConfig, CaState};
use weft_model::catalog::Indexed;
use weft_model::{ApplyError, Command};
use weft_state::{ProposeError, StateView, Store};
use weft_xds::ledger::Ledger;

use super::unavailable;
use crate::clock::now;

/// How long connected proxies may take to acknowledge a new root.
const DISTRIBUTE_MAX: Duration = Duration::from_secs(5);

/// How often a plan is made again when the CA has changed in the meantime.
const TRIES: usize = 8;

/// Whether the planned change was written.
enum Written {
    At(u64),
    Stale,
}

/// Plans and writes until it holds, and lets a new root sign.
pub(super) async fn configure(
    store: Arc<Store>,
    ledger: Ledger,
    keys: Keyring,
    wanted: CaConfig,
) -> Result<(), AuthorityError> {
    // An operator's own key may be in it.
    let wanted = Arc::new(Opened::new(wanted));
    for _ in 0..TRIES {
        let ca = current(&store)?;
        let next = match plan(&ca, &keys, &wanted).await? {
            Plan::Unchanged => return activate(&store, &ledger, ca.modify_index).await,
            Plan::Reconfigure(next) | Plan::Rotate(next) => next,
        };
        if let Written::At(index) = write(&store, &ca, next).await? {
            return activate(&store, &ledger, index).await;
        }
    }
    Err(contended())
}

async fn plan(ca: &Indexed<CaState>, keys: &Keyring, wanted: &Arc<Opened<CaConfig>>) -> Result<Plan, AuthorityError> {
    let (state, keys, wanted) = (Arc::clone(&ca.value), keys.clone(), Arc::clone(wanted));
    let plan = tokio::task::spawn_blocking(move || sealed_plan(&state, &keys, &wanted));
    let plan = plan.await.map_err(|error| AuthorityError::Unavailable(error.to_string()))?;
    plan.map_err(|error| refused(&error))
}

fn sealed_plan(state: &CaState, keys: &Keyring, wanted: &CaConfig) -> Result<Plan, CaError> {
    let open = seal::state::open(keys, state);
    let plan = rotation::plan(&open, wanted, Activation::Later, &Draw::new(now()), &mut CaKey::generate)?;
    Ok(match plan {
        Plan::Unchanged => Plan::Unchanged,
        Plan::Reconfigure(next) => Plan::Reconfigure(seal::state::seal(keys, state, next)?),
        Plan::Rotate(next) => Plan::Rotate(seal::state::seal(keys, state, next)?),
    })
}

/// Lets the staged root sign, if there is one, once the proxies have it.
async fn activate(store: &Store, ledger: &Ledger, staged_at: u64) -> Result<(), AuthorityError> {
    if rotation::activate(&current(store)?.value, now()).is_none() {
        return Ok(());
    }
    if tokio::time::timeout(DISTRIBUTE_MAX, ledger.wait_acked(staged_at)).await.is_err() {
        let late: Vec<_> = ledger.lagging(staged_at).into_iter().map(|proxy| proxy.identity.node).collect();
        tracing::warn!(proxies = ?late, "the new root signs although these proxies have not acknowledged it");
    }
    for _ in 0..TRIES {
        let ca = current(store)?;
        let Some(next) = rotation::activate(&ca.value, now()) else { return Ok(()) };
        if let Written::At(index) = write(store, &ca, next).await? {
            tracing::info!(index, "a new root signs");
            return Ok(());
        }
    }
    Err(contended())
}

async fn write(store: &Store, planned_on: &Indexed<CaState>, next: CaState) -> Result<Written, AuthorityError> {
    let command = Command::CaUpdate { expected_modify_index: planned_on.modify_index, ca: Box::new(next) };
    match store.propose(command).await {
        Ok((index, _)) => Ok(Written::At(index)),
        Err(ProposeError::Refused(ApplyError::Stale)) => Ok(Written::Stale),
        Err(error) => Err(unavailable(&error)),
    }
}

fn current(store: &Store) -> Result<Indexed<CaState>, AuthorityError> {
    let missing = || AuthorityError::Unavailable("CA is uninitialized".to_owned());
    StateView::new(&store.current()).ca().ok_or_else(missing)
}

fn contended() -> AuthorityError {
    AuthorityError::Unavailable("the CA keeps changing, try again".to_owned())
}

/// What the user can mend is the user's fault.
fn refused(error: &CaError) -> AuthorityError {
    let text = error.to_string();
    match error {
        CaError::NoActiveRoot | CaError::Sealed(_) | CaError::Internal(_) => AuthorityError::Unavailable(text),
        CaError::UnknownProvider(_)
        | CaError::Config(_)
        | CaError::Material { .. }
        | CaError::Csr(_)
        | CaError::Spiffe(_)
        | CaError::CrossSigning(_)
        | CaError::RootNotValid { .. } => AuthorityError::Invalid(text),
    }
}
