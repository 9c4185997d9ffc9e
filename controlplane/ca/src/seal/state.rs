//! All keys of a CA: opened for a plan, sealed before the plan is proposed, sealed anew after the sealing key
//! has changed.
//!
//! ```text
//! CaState ─open─> rotation's plan ─> next ─seal─> Command::CaUpdate
//! ```
//!
//! What only needs to be carried along need not be opened, so a server that lacks a sealing key can still change
//! what no key is needed for.

use std::ops::Deref;

use serde_json::Value;
use weft_model::ca::{CaConfig, CaRoot, CaState};
use zeroize::Zeroize;

use super::{Keyring, SealError, is_sealed, sealed_with};

/// What is to be said of a CA's keys on a server that has `keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The server can sign, and nothing lies open.
    Good,
    /// They are stored in clear, and this server has nothing to seal them with.
    Clear,
    /// This server cannot sign.
    Shut(SealError),
}

/// What holds open keys, which are wiped from memory with it.
#[derive(Debug, PartialEq)]
pub struct Opened<T: WithKeys>(T);

/// What may hold open keys.
pub trait WithKeys {
    /// Overwrites them.
    fn wipe(&mut self);
}

impl WithKeys for CaRoot {
    fn wipe(&mut self) {
        self.signing_key.0.zeroize();
    }
}

impl WithKeys for CaState {
    fn wipe(&mut self) {
        self.roots.iter_mut().for_each(WithKeys::wipe);
    }
}

impl WithKeys for CaConfig {
    fn wipe(&mut self) {
        for value in self.config.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

impl<T: WithKeys> Opened<T> {
    /// What is to be wiped when it goes.
    pub const fn new(open: T) -> Self {
        Self(open)
    }
}

impl<T: WithKeys> Deref for Opened<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: WithKeys> Drop for Opened<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

/// A root with its key open, to sign with.
///
/// # Errors
/// As [`Keyring::open`].
pub fn open_root(keys: &Keyring, root: &CaRoot) -> Result<Opened<CaRoot>, SealError> {
    Ok(Opened(CaRoot { signing_key: keys.open(&root.id, &root.signing_key)?, ..root.clone() }))
}

/// The state with its keys open, as far as they can be opened. A plan that needs another one refuses.
#[must_use]
pub fn open(keys: &Keyring, state: &CaState) -> Opened<CaState> {
    let mut opened = state.clone();
    for root in &mut opened.roots {
        if let Ok(key) = keys.open(&root.id, &root.signing_key) {
            root.signing_key = key;
        }
    }
    Opened(opened)
}

/// What was planned on the opened form of `present`, with every key sealed.
///
/// # Errors
/// There is nothing to seal with, while the present keys are sealed.
pub fn seal(keys: &Keyring, present: &CaState, next: CaState) -> Result<CaState, SealError> {
    // Where it cannot be sealed, it is wiped.
    let mut next = Opened(next);
    let is_clear = |root: &CaRoot| !root.signing_key.0.is_empty() && !is_sealed(&root.signing_key);
    let must_seal = present.roots.iter().any(|root| is_sealed(&root.signing_key));
    if keys.is_empty() && must_seal && next.roots.iter().any(is_clear) {
        return Err(SealError::Unsealed);
    }
    for root in next.0.roots.iter_mut().filter(|root| is_clear(root)) {
        let sealed = keys.seal(&root.id, &root.signing_key)?;
        root.wipe();
        root.signing_key = sealed;
    }
    Ok(std::mem::take(&mut next.0))
}

/// The state with every key under the first sealing key; `None` when nothing is to be done. A key that cannot be
/// opened stays as it is.
///
/// # Errors
/// As [`Keyring::seal`].
pub fn reseal(keys: &Keyring, state: &CaState) -> Result<Option<CaState>, SealError> {
    let Some(first) = keys.first_id() else { return Ok(None) };
    let mut next = state.clone();
    let mut changed = false;
    for root in next.roots.iter_mut().filter(|root| !root.signing_key.0.is_empty()) {
        if sealed_with(&root.signing_key) == Some(first) {
            continue;
        }
        if let Ok(open) = open_root(keys, root) {
            root.signing_key = keys.seal(&root.id, &open.signing_key)?;
            changed = true;
        }
    }
    Ok(changed.then_some(next))
}

/// How it stands.
#[must_use]
pub fn condition(keys: &Keyring, state: &CaState) -> Condition {
    let with_key = || state.roots.iter().filter(|root| !root.signing_key.0.is_empty());
    if let Some(fault) = with_key().find_map(|root| open_root(keys, root).err()) {
        return Condition::Shut(fault);
    }
    let is_clear = |root: &CaRoot| !is_sealed(&root.signing_key);
    if keys.is_empty() && with_key().any(is_clear) { Condition::Clear } else { Condition::Good }
}
