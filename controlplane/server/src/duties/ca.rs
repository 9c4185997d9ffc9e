//! Duties of the certificate authority.

use std::time::Duration;

use weft_ca::CaKey;
use weft_ca::rotation::{self, Activation, Draw};
use weft_ca::seal;
use weft_model::Command;
use weft_model::ca::CaState;
use weft_model::catalog::Indexed;
use weft_state::{State, StateView};

use super::Moment;

/// Whoever staged a root activates it within seconds; after this time it has gone away.
const STAGED_MAX: Duration = Duration::from_secs(30);

/// Keys that are clear, or sealed with a key that is not the first any more.
pub(super) fn seal_keys(state: &State, moment: Moment<'_>) -> anyhow::Result<Option<Command>> {
    let Some(ca) = StateView::new(state).ca() else { return Ok(None) };
    Ok(seal::state::reseal(moment.keys, &ca.value)?.map(|next| update(&ca, next)))
}

pub(super) fn activate_staged(state: &State, moment: Moment<'_>) -> anyhow::Result<Option<Command>> {
    let Some(ca) = StateView::new(state).ca().filter(|_| moment.ca_unchanged >= STAGED_MAX) else { return Ok(None) };
    Ok(rotation::activate(&ca.value, moment.now).map(|next| update(&ca, next)))
}

/// Replaces a root of our own making near its end; an operator's root is the operator's to replace.
pub(super) fn replace_ageing(state: &State, moment: Moment<'_>) -> anyhow::Result<Option<Command>> {
    let Some(ca) = StateView::new(state).ca() else { return Ok(None) };
    let is_staged = rotation::activate(&ca.value, moment.now).is_some();
    if is_staged || rotation::has_operator_root(&ca.value) || !rotation::is_root_ageing(&ca.value, moment.now)? {
        return Ok(None);
    }
    let open = seal::state::open(moment.keys, &ca.value);
    let next = rotation::rotate(&open, Activation::Later, &Draw::new(moment.now), &mut CaKey::generate)?;
    Ok(Some(update(&ca, seal::state::seal(moment.keys, &ca.value, next)?)))
}

pub(super) fn prune(state: &State, moment: Moment<'_>) -> anyhow::Result<Option<Command>> {
    let Some(ca) = StateView::new(state).ca() else { return Ok(None) };
    Ok(rotation::prune(&ca.value, moment.now)?.map(|next| update(&ca, next)))
}

fn update(planned_on: &Indexed<CaState>, next: CaState) -> Command {
    Command::CaUpdate { expected_modify_index: planned_on.modify_index, ca: Box::new(next) }
}
