//! What the leader does by the clock. A duty is a plan: state and time in, at most one command out;
//! the loop here proposes it like any other write.

mod ca;
mod secrets;
pub(crate) mod timers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use weft_ca::seal::Keyring;
use weft_model::acl::AclTable;
use weft_model::{ApplyError, Command, Timestamp, Topic};
use weft_raft::{Raft, Role};
use weft_state::{ProposeError, State, StateView, Store};

use crate::clock::now;

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// One duty.
struct Duty {
    name: &'static str,
    plan: fn(&State, Moment<'_>) -> anyhow::Result<Option<Command>>,
}

/// What a plan is made from besides the state.
#[derive(Clone, Copy, Debug)]
struct Moment<'a> {
    now: Timestamp,
    /// For how long this leader has seen the CA unchanged.
    ca_unchanged: Duration,
    /// What private keys of the CA and secrets of auth methods are sealed with.
    keys: &'a Keyring,
}

const DUTIES: &[Duty] = &[
    Duty { name: "seal the secrets of auth methods", plan: secrets::seal },
    // Before the others of the CA: they carry keys along as they are.
    Duty { name: "seal the CA's private keys", plan: ca::seal_keys },
    Duty { name: "activate a staged root", plan: ca::activate_staged },
    Duty { name: "replace an ageing root", plan: ca::replace_ageing },
    Duty { name: "prune old roots", plan: ca::prune },
];

/// Runs for ever; does something only while this server leads.
pub(crate) async fn run(store: Arc<Store>, raft: Arc<Raft>, keys: Keyring) {
    let mut subscription = store.subscribe(BTreeSet::from([Topic::Ca, Topic::Acl(AclTable::Methods)]));
    let mut seen = (0, Instant::now());
    loop {
        // Either is a reason to look.
        drop(timeout(EVERY, subscription.changed()).await);
        let state = store.current();
        let ca_index = StateView::new(&state).ca().map_or(0, |ca| ca.modify_index);
        if seen.0 != ca_index {
            seen = (ca_index, Instant::now());
        }
        if raft.status().role == Role::Leader {
            let moment = Moment { now: now(), ca_unchanged: seen.1.elapsed(), keys: &keys };
            for duty in DUTIES {
                perform(duty, &state, moment, &store).await;
            }
        }
    }
}

async fn perform(duty: &Duty, state: &State, moment: Moment<'_>, store: &Store) {
    match (duty.plan)(state, moment) {
        Ok(None) => {}
        Ok(Some(command)) => match store.propose(command).await {
            Ok((index, _)) => tracing::info!(duty = duty.name, index, "done"),
            // Somebody was faster; the next look decides anew.
            Err(ProposeError::Refused(ApplyError::Stale)) => {}
            Err(error) => tracing::warn!(duty = duty.name, %error, "not done"),
        },
        Err(error) => tracing::warn!(duty = duty.name, %error, "cannot be planned"),
    }
}

#[cfg(test)]
mod tests;
