//! How the CA's state changes: the first root, a new configuration, a new root, old roots leaving.
//!
//! Each plan takes the present [`CaState`] and answers the next one. The caller proposes it as
//! [`Command::CaUpdate`](weft_model::Command::CaUpdate) together with the index that the present
//! one was read at; when somebody was faster the command is refused and the plan is made again.
//!
//! ```text
//! (no root) ─bootstrap─> active ─plan: successor─> inactive, cross-signed for 2 x LeafCertTTL ─prune─> gone
//!                staged ─activate─> active
//! ```

mod draw;

use weft_model::Timestamp;
use weft_model::ca::{CaConfig, CaRoot, CaSettings, CaState, PrivateKeyPem};
use weft_model::mutant::{self, Mutant};

use crate::cert::Facts;
use crate::config::{self, Checked, HIDDEN};
use crate::cross_sign::{CrossTerms, cross_sign};
use crate::error::CaError;
use crate::key::{CaKey, KeySpec};
use crate::root::{self, RootTerms};
use crate::spiffe::TrustDomain;

pub use draw::Draw;

/// How many earlier copies a leaf's chain carries besides that of its own root.
const WAY_BACK_MAX: usize = 2;

/// When a new root starts to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// With the change itself. Safe when it is cross-signed: leaves bring the way to the old root.
    AtOnce,
    /// After a later [`activate`]: until then it is listed and trusted, and the old one signs.
    Later,
}

/// Makes a key of the given kind. Called at most once in a plan.
pub type MakeKey<'a> = &'a mut dyn FnMut(KeySpec) -> Result<CaKey, CaError>;

/// What a change of configuration amounts to.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing to propose.
    Unchanged,
    /// Other settings, the same roots.
    Reconfigure(CaState),
    /// A new root.
    Rotate(CaState),
}

/// The first state of a cluster's CA: the trust domain and one active root.
///
/// # Errors
/// When the configuration or the material in it is not usable.
pub fn bootstrap(
    trust_domain: &TrustDomain,
    config: &CaConfig,
    draw: &Draw,
    make_key: MakeKey<'_>,
) -> Result<CaState, CaError> {
    let checked = config::check(config)?;
    let mut first = new_root(trust_domain, &checked.settings, draw, make_key)?;
    first.active = true;
    Ok(CaState { trust_domain: trust_domain.to_string(), config: checked.config, roots: vec![first] })
}

/// What to propose for a configuration that a user has sent.
///
/// The root changes when the operator's material does: a key or certificate that differs from the
/// present root's, or none where there was some. As in Consul, another `PrivateKeyType` alone takes
/// effect with the next root.
///
/// # Errors
/// When the configuration is not valid, or the old root cannot vouch for the new one and
/// `ForceWithoutCrossSigning` is not set.
pub fn plan(
    state: &CaState,
    wanted: &CaConfig,
    activation: Activation,
    draw: &Draw,
    make_key: MakeKey<'_>,
) -> Result<Plan, CaError> {
    let checked = config::check(wanted)?;
    let present = newest_root(state).ok_or(CaError::NoActiveRoot)?;
    if keeps_root(&checked.settings, state, present)? {
        let next = CaState { config: checked.config, ..state.clone() };
        return Ok(if next == *state { Plan::Unchanged } else { Plan::Reconfigure(next) });
    }
    succeed(state, checked, activation, draw, make_key).map(Plan::Rotate)
}

/// A new generated root under the present configuration: for an operator who asks for one, and for
/// a root near the end of its life ([`is_root_ageing`]). Operator material in the configuration is
/// given up, for it names the root that goes.
///
/// # Errors
/// As [`plan`].
pub fn rotate(state: &CaState, activation: Activation, draw: &Draw, make_key: MakeKey<'_>) -> Result<CaState, CaError> {
    let mut config = state.config.clone();
    config.config.retain(|key, _| key != "PrivateKey" && key != "RootCert");
    succeed(state, config::check(&config)?, activation, draw, make_key)
}

/// Lets a root planned with [`Activation::Later`] sign; `None` when none waits.
#[must_use]
pub fn activate(state: &CaState, now: Timestamp) -> Option<CaState> {
    let staged = state.roots.iter().position(is_staged)?;
    let mut next = state.clone();
    retire_active(&mut next.roots, now);
    next.roots[staged].active = true;
    Some(next)
}

/// The state without the roots that no living leaf needs: those rotated out 2 x `LeafCertTTL` ago.
/// `None` when all are needed.
///
/// # Errors
/// When the stored state cannot be read.
pub fn prune(state: &CaState, now: Timestamp) -> Result<Option<CaState>, CaError> {
    let retention = config::settings(&state.config)?.leaf_cert_ttl.0.saturating_mul(2);
    let is_needed = |root: &CaRoot| root.active || root.rotated_out_at.is_none_or(|at| now.since(at) < retention);
    let (mut kept, gone): (Vec<_>, Vec<_>) = state.roots.iter().cloned().partition(is_needed);
    if gone.is_empty() {
        return Ok(None);
    }
    let gone = gone.iter().map(|root| read(&root.root_cert)).collect::<Result<Vec<_>, _>>()?;
    for root in &mut kept {
        drop_copies_by(root, &gone)?;
    }
    Ok(Some(CaState { roots: kept, ..state.clone() }))
}

/// Whether the active root should be replaced soon: less than a tenth of its life is left, or less
/// than two leaf lives.
///
/// # Errors
/// When the stored configuration cannot be read.
pub fn is_root_ageing(state: &CaState, now: Timestamp) -> Result<bool, CaError> {
    let active = state.active_root().ok_or(CaError::NoActiveRoot)?;
    let leaf_life = config::settings(&state.config)?.leaf_cert_ttl.0;
    let tenth = active.not_after.since(active.not_before) / 10;
    Ok(active.not_after.since(now) < tenth.max(leaf_life.saturating_mul(2)))
}

/// Whether the present root came from the operator, whose job its replacement is.
#[must_use]
pub fn has_operator_root(state: &CaState) -> bool {
    state.config.config.contains_key("PrivateKey")
}

/// The root that a change is compared with: one that waits for activation goes before the active one.
fn newest_root(state: &CaState) -> Option<&CaRoot> {
    state.roots.iter().find(|root| is_staged(root)).or_else(|| state.active_root())
}

fn is_staged(root: &CaRoot) -> bool {
    !root.active && root.rotated_out_at.is_none()
}

/// Whether the settings ask for the root that is there already.
fn keeps_root(settings: &CaSettings, state: &CaState, present: &CaRoot) -> Result<bool, CaError> {
    let is_present = |certificate: &String| read(certificate).is_ok_and(|facts| facts.id == present.id);
    Ok(match (&settings.private_key, &settings.root_cert) {
        // The word that stands for the present root's key. The key is not looked at: it may be sealed, and this
        // server without what opens it.
        (Some(key), certificate) if key.0 == HIDDEN => {
            if !certificate.as_ref().is_none_or(is_present) {
                let reason = "the kept key does not belong to this RootCert: give both".to_owned();
                return Err(CaError::Material { field: "PrivateKey", reason });
            }
            true
        }
        (Some(key), None) => {
            let present = read(&present.root_cert)?;
            root::read_operator_key(key)?.public_key() == present.public_key
        }
        // The certificate is checked against the key by `import` when it is another one.
        (Some(key), Some(certificate)) => {
            is_present(certificate)
                && root::read_operator_key(key)?.public_key() == read(&present.root_cert)?.public_key
        }
        (None, _) => !has_operator_root(state),
    })
}

/// The state with a new root after the present ones.
fn succeed(
    state: &CaState,
    checked: Checked,
    activation: Activation,
    draw: &Draw,
    make_key: MakeKey<'_>,
) -> Result<CaState, CaError> {
    let Checked { config, settings } = checked;
    let trust_domain: TrustDomain = state.trust_domain.parse()?;
    let mut successor = new_root(&trust_domain, &settings, draw, make_key)?;
    let active = state.active_root().ok_or(CaError::NoActiveRoot)?;
    // A root that was staged has signed nothing: it can go.
    let mut roots: Vec<_> = state.roots.iter().filter(|root| !is_staged(root)).cloned().collect();
    if successor.id == active.id {
        return Ok(CaState { trust_domain: state.trust_domain.clone(), config, roots });
    }
    if !config.force_without_cross_signing && !mutant::active(Mutant::M16) {
        let ttl = settings.intermediate_cert_ttl.0;
        let terms = CrossTerms { serial_number: draw.cross_serial, now: draw.now, ttl };
        successor.intermediate_certs = vec![cross_sign(&successor, active, &trust_domain, terms)?];
        successor.intermediate_certs.extend(way_back(active));
    }
    // A root that comes back is listed once.
    roots.retain(|root| root.id != successor.id);
    if activation == Activation::AtOnce {
        retire_active(&mut roots, draw.now);
        successor.active = true;
    }
    roots.push(successor);
    Ok(CaState { trust_domain: state.trust_domain.clone(), config, roots })
}

/// The copies that lead from the active root to the ones before it, for verifiers that are more
/// than one rotation behind. The oldest fall off when rotations follow each other too fast.
fn way_back(active: &CaRoot) -> impl Iterator<Item = String> {
    active.intermediate_certs.iter().take(WAY_BACK_MAX).cloned()
}

/// The operator's root, a root over the operator's key, or a generated one.
fn new_root(
    trust_domain: &TrustDomain,
    settings: &CaSettings,
    draw: &Draw,
    make_key: MakeKey<'_>,
) -> Result<CaRoot, CaError> {
    let key = match (&settings.private_key, &settings.root_cert) {
        (Some(key), Some(certificate)) => return root::import(key, certificate, trust_domain, draw.now),
        (Some(key), None) => root::read_operator_key(key)?,
        (None, _) => make_key(config::key_spec(settings)?)?,
    };
    let terms = RootTerms {
        trust_domain,
        tag: &draw.tag,
        serial_number: draw.root_serial,
        now: draw.now,
        ttl: settings.root_cert_ttl.0,
    };
    root::generate(&terms, &key)
}

/// The active root signs no more. Its key has no further use, so it is forgotten.
fn retire_active(roots: &mut [CaRoot], now: Timestamp) {
    for root in roots.iter_mut().filter(|root| root.active) {
        root.active = false;
        root.rotated_out_at = Some(now);
        root.signing_key = PrivateKeyPem::default();
    }
}

/// Removes the cross-signed copies that lead to one of these roots.
fn drop_copies_by(root: &mut CaRoot, issuers: &[Facts]) -> Result<(), CaError> {
    let mut kept = Vec::new();
    for copy in std::mem::take(&mut root.intermediate_certs) {
        let facts = read(&copy)?;
        if !issuers.iter().any(|issuer| facts.is_issued_by(issuer)) {
            kept.push(copy);
        }
    }
    root.intermediate_certs = kept;
    Ok(())
}

fn read(certificate: &str) -> Result<Facts, CaError> {
    Facts::from_pem(certificate).map_err(CaError::Internal)
}
