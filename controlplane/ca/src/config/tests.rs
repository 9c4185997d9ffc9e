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
    let text = refusal(json!({"LeafCertTTL": "1m", "Foo": 1, "bar": 2, "PrivateKeyType": "x", "CSRMaxConcurrent": -1}));
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
