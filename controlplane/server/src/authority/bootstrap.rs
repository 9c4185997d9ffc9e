//! The first root of a cluster.

use anyhow::Context;
use uuid::Uuid;
use weft_ca::rotation::{self, Draw};
use weft_ca::seal::{self, Keyring};
use weft_ca::{CaKey, TrustDomain};
use weft_model::ca::{CaConfig, CaState};
use weft_model::{ApplyError, Command};
use weft_state::{ProposeError, StateView, Store};

use crate::clock::now;

/// Makes the trust domain and the first root, unless the cluster has them.
///
/// # Errors
/// The configuration's material cannot be a root, or nothing can be written.
pub(crate) async fn found(store: &Store, config: &CaConfig, keys: &Keyring) -> anyhow::Result<()> {
    if StateView::new(&store.current()).ca().is_some() {
        return Ok(());
    }
    let domain = TrustDomain::of_cluster(&Uuid::new_v4().to_string())?;
    let config = config.clone();
    let first = move || rotation::bootstrap(&domain, &config, &Draw::new(now()), &mut CaKey::generate);
    let ca = tokio::task::spawn_blocking(first).await?.context("connect")?;
    let ca = seal::state::seal(keys, &CaState::default(), ca)?;
    let command = Command::CaUpdate { expected_modify_index: 0, ca: Box::new(ca) };
    match store.propose(command).await {
        // Another server was faster.
        Ok(_) | Err(ProposeError::Refused(ApplyError::Stale)) => Ok(()),
        Err(error) => Err(error).context("the first root could not be written"),
    }
}
