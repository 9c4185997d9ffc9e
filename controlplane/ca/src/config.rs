//! Reading the CA's configuration: names of keys, their values, and what they allow together.
//!
//! All faults of a configuration are reported at once. Texts are Consul's where Consul has one.

mod keys;

use std::fmt;

use serde_json::Map;
use weft_model::ca::{CaConfig, CaSettings};
use weft_model::{Faults, GoDuration};

use crate::error::CaError;
use crate::key::KeySpec;

/// The name of the built-in provider.
pub const PROVIDER: &str = "consul";
/// Stands in a stored or shown configuration where the user wrote a private key. The key itself
/// lives with its root and is never given out; a configuration sent back with this word keeps it.
pub const HIDDEN: &str = "hidden";

const LEAF_TTL_MIN: GoDuration = GoDuration::from_secs(3600);
const LEAF_TTL_MAX: GoDuration = GoDuration::from_secs(8760 * 3600);

/// All that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFaults {
    /// Values that cannot be read, and unknown keys.
    pub unreadable: Vec<String>,
    /// Values that are not allowed.
    pub refused: Faults,
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unreadable.is_empty() {
            return self.refused.fmt(f);
        }
        let all: Vec<String> =
            self.unreadable.iter().cloned().chain(self.refused.0.iter().map(ToString::to_string)).collect();
        write!(f, "error decoding config: {} error(s) decoding:\n\n* {}", all.len(), all.join("\n* "))
    }
}

impl std::error::Error for ConfigFaults {}

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
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};
    use weft_model::ca::PrivateKeyPem;

    use super::*;

    fn config(values: Value) -> CaConfig {
        CaConfig {
            provider: PROVIDER.into(),
            config: values.as_object().unwrap().clone(),
            force_without_cross_signing: false,
        }
    }

    fn refusal(values: Value) -> String {
        check(&config(values)).unwrap_err().to_string()
    }

    /// Recorded from Consul 1.8.7, except where the remark says otherwise.
    #[test]
    fn refusals_have_consuls_words() {
        for (values, expected) in [
            (json!({"LeafCertTTL": "30m"}), "leaf cert TTL must be greater or equal than 1h0m0s"),
            (json!({"LeafCertTTL": 5}), "leaf cert TTL must be greater or equal than 1h0m0s"),
            (
                json!({"LeafCertTTL": "abc"}),
                "error decoding config: 1 error(s) decoding:\n\n* error decoding 'LeafCertTTL': time: invalid duration \"abc\"",
            ),
            (
                json!({"IntermediateCertTTL": "100h"}),
                "Intermediate Cert TTL must be greater or equal than 3 * LeafCertTTL (>=216h0m0s).",
            ),
            (json!({"PrivateKeyType": "dsa"}), "private key type must be either 'ec' or 'rsa'"),
            // Consul lists 224 too, which no TLS peer of ours takes.
            (json!({"PrivateKeyBits": 224}), "EC key length must be one of (256, 384, 521) bits"),
            (json!({"PrivateKeyType": "rsa"}), "RSA key length must be 2048 or 4096 bits"),
            (json!({"PrivateKeyType": "rsa", "PrivateKeyBits": 1024}), "RSA key length must be 2048 or 4096 bits"),
            (
                json!({"CSRMaxPerSecond": "x"}),
                "error decoding config: 1 error(s) decoding:\n\n* cannot parse 'CSRMaxPerSecond' as float: \
                 strconv.ParseFloat: parsing \"x\": invalid syntax",
            ),
            (json!({"RootCert": "x"}), "must provide a private key when providing a root cert"),
            (
                json!({"RotationPeriod": "x"}),
                "error decoding config: 1 error(s) decoding:\n\n* error decoding 'RotationPeriod': time: invalid duration \"x\"",
            ),
            // Consul takes unknown keys and forgets them.
            (
                json!({"Nope": 1, "LeafCertTTL": "72h"}),
                "error decoding config: 1 error(s) decoding:\n\n* invalid config key \"Nope\"",
            ),
        ] {
            assert_eq!(refusal(values), format!("error configuring provider: {expected}"));
        }
    }

    #[test]
    fn a_leaf_life_above_a_year_is_refused() {
        let text = refusal(json!({"LeafCertTTL": "9000h", "IntermediateCertTTL": "27000h"}));
        assert_eq!(text, "error configuring provider: leaf cert TTL must be less than 8760h0m0s");
        assert!(check(&config(json!({"LeafCertTTL": "8760h", "IntermediateCertTTL": "26280h"}))).is_ok());
    }

    #[test]
    fn all_faults_are_listed() {
        let text =
            refusal(json!({"LeafCertTTL": "1m", "Foo": 1, "bar": 2, "PrivateKeyType": "x", "CSRMaxConcurrent": -1}));
        for part in ["5 error(s)", "\"Foo\"", "\"bar\"", "leaf cert TTL", "private key type", "CSRMaxConcurrent"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn other_providers_are_unknown() {
        for provider in ["", "vault", "aws-pca", "bogus"] {
            let config = CaConfig { provider: provider.into(), ..CaConfig::default() };
            let text = check(&config).unwrap_err().to_string();
            assert_eq!(text, format!("could not initialize provider: unknown CA provider \"{provider}\""));
        }
    }

    #[test]
    fn keys_are_read_in_every_spelling_and_stored_in_one() {
        let checked = check(&config(json!({"leaf_cert_ttl": "80h", "PRIVATEKEYBITS": "384"}))).unwrap();
        assert_eq!(checked.settings.leaf_cert_ttl, GoDuration::from_secs(80 * 3600));
        assert_eq!(checked.settings.private_key_bits, 384);
        assert_eq!(Value::Object(checked.config.config), json!({"LeafCertTTL": "80h", "PrivateKeyBits": "384"}));
        assert!(refusal(json!({"leaf_cert_ttl": "80h", "LeafCertTTL": "80h"})).contains("twice"));
    }

    #[test]
    fn the_default_means_the_defaults() {
        assert_eq!(check(&default_config()).unwrap().settings, CaSettings::default());
        assert_eq!(check(&config(json!({}))).unwrap().settings, CaSettings::default());
    }

    #[test]
    fn a_private_key_is_kept_out_of_the_stored_configuration_and_of_debug_output() {
        let checked = check(&config(json!({"private_key": "SECRET", "RootCert": "cert"}))).unwrap();
        assert_eq!(checked.config.config["PrivateKey"], HIDDEN);
        assert_eq!(checked.settings.private_key, Some(PrivateKeyPem("SECRET".into())));
        assert!(!format!("{checked:?}").contains("SECRET"));
        assert!(!refusal(json!({"PrivateKey": ["SECRET"], "LeafCertTTL": "1s"})).contains("SECRET"));
    }
}
