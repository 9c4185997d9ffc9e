//! Reading the CA's configuration: names of keys, their values, and what they allow together.
//!
//! All faults of a configuration are reported at once. Texts are Consul's where Consul has one.

pub(crate) mod faults;
mod keys;

use serde_json::Map;
use weft_model::ca::{CaConfig, CaSettings};
use weft_model::{Faults, GoDuration};

use crate::error::CaError;
use crate::key::KeySpec;

pub use faults::ConfigFaults;

/// The name of the built-in provider.
pub const PROVIDER: &str = "consul";
/// Stands in a stored or shown configuration where the user wrote a private key. The key itself
/// lives with its root and is never given out; a configuration sent back with this word keeps it.
pub const HIDDEN: &str = "hidden";

const LEAF_TTL_MIN: GoDuration = GoDuration::from_secs(3600);
const LEAF_TTL_MAX: GoDuration = GoDuration::from_secs(8760 * 3600);

/// A configuration with canonical keys, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// As it will be stored and shown: the private key, if any, replaced by [`HIDDEN`].
    pub config: CaConfig,
    /// Defaults applied. Holds the private key as given.
    pub settings: CaSettings,
}

/// What a cluster starts with.
#[must_use]
pub fn default_config() -> CaConfig {
    let values = [
        ("IntermediateCertTTL", "8760h"),
        ("LeafCertTTL", "72h"),
        ("RootCertTTL", "87600h"),
        ("RotationPeriod", "2160h"),
    ];
    let config = values.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    CaConfig { provider: PROVIDER.into(), config, force_without_cross_signing: false }
}

/// Reads and checks a configuration.
///
/// # Errors
/// [`CaError::UnknownProvider`], or [`CaError::Config`] with every fault.
pub fn check(config: &CaConfig) -> Result<Checked, CaError> {
    if config.provider != PROVIDER {
        return Err(CaError::UnknownProvider(config.provider.clone()));
    }
    let mut faults = ConfigFaults::default();
    let mut settings = CaSettings::default();
    let mut stored = Map::new();
    for (key, value) in &config.config {
        let Some(name) = keys::canonical(key) else {
            faults.unreadable.push(format!("invalid config key {key:?}"));
            continue;
        };
        if let Err(fault) = keys::set(&mut settings, name, value) {
            faults.unreadable.push(fault);
        }
        if stored.insert(name.to_owned(), value.clone()).is_some() {
            faults.unreadable.push(format!("config key {name:?} is given twice"));
        }
    }
    check_settings(&settings, &mut faults.refused);
    if faults != ConfigFaults::default() {
        return Err(faults.into());
    }
    if settings.private_key.is_some() {
        stored.insert("PrivateKey".into(), HIDDEN.into());
    }
    Ok(Checked { config: CaConfig { config: stored, ..config.clone() }, settings })
}

/// What a stored configuration means. It was checked before it was stored.
///
/// # Errors
/// As [`check`], when it was not.
pub fn settings(stored: &CaConfig) -> Result<CaSettings, CaError> {
    check(stored).map(|checked| checked.settings)
}

/// The kind of key that the settings ask for.
///
/// # Errors
/// When the settings were not checked.
pub fn key_spec(settings: &CaSettings) -> Result<KeySpec, CaError> {
    KeySpec::from_config(&settings.private_key_type, settings.private_key_bits).map_err(CaError::Internal)
}

fn check_settings(settings: &CaSettings, faults: &mut Faults) {
    let CaSettings { leaf_cert_ttl: leaf, intermediate_cert_ttl: intermediate, root_cert_ttl: root, .. } = settings;
    if *leaf < LEAF_TTL_MIN {
        faults.say(format!("leaf cert TTL must be greater or equal than {LEAF_TTL_MIN}"));
    }
    if *leaf > LEAF_TTL_MAX {
        faults.say(format!("leaf cert TTL must be less than {LEAF_TTL_MAX}"));
    }
    let three_leaves = GoDuration(leaf.0.saturating_mul(3));
    if *intermediate < three_leaves {
        faults.say(format!("Intermediate Cert TTL must be greater or equal than 3 * LeafCertTTL (>={three_leaves})."));
    }
    if root < intermediate {
        faults.say(format!(
            "root cert TTL is set and is not greater than intermediate cert ttl. root cert ttl: {root}, \
             intermediate cert ttl: {intermediate}"
        ));
    }
    if let Err(fault) = KeySpec::from_config(&settings.private_key_type, settings.private_key_bits) {
        faults.say(fault);
    }
    if settings.csr_max_per_second < 0.0 {
        faults.add("CSRMaxPerSecond", "cannot be negative");
    }
    if settings.root_cert.is_some() && settings.private_key.is_none() {
        faults.say("must provide a private key when providing a root cert");
    }
}

#[cfg(test)]
mod tests;
