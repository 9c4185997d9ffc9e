//! The keys that the built-in provider knows, and reading their values as loosely as Consul does:
//! a number may be text, a duration may be nanoseconds.

use std::time::Duration;

use serde_json::Value;
use weft_model::GoDuration;
use weft_model::ca::{CaSettings, PrivateKeyPem};

const KEYS: [&str; 10] = [
    "CSRMaxConcurrent",
    "CSRMaxPerSecond",
    "IntermediateCertTTL",
    "LeafCertTTL",
    "PrivateKey",
    "PrivateKeyBits",
    "PrivateKeyType",
    "RootCert",
    "RootCertTTL",
    "RotationPeriod",
];

/// The key's own spelling: `leafcertttl` and the configuration file's `leaf_cert_ttl` are `LeafCertTTL`.
pub(super) fn canonical(given: &str) -> Option<&'static str> {
    let plain = given.replace('_', "");
    KEYS.into_iter().find(|key| key.eq_ignore_ascii_case(&plain))
}

/// Takes the value of a key over into the settings.
pub(super) fn set(settings: &mut CaSettings, key: &str, value: &Value) -> Result<(), String> {
    match key {
        "CSRMaxConcurrent" => settings.csr_max_concurrent = whole(key, value)?,
        "CSRMaxPerSecond" => settings.csr_max_per_second = number(key, value)?,
        "IntermediateCertTTL" => settings.intermediate_cert_ttl = duration(key, value)?,
        "LeafCertTTL" => settings.leaf_cert_ttl = duration(key, value)?,
        "PrivateKey" => settings.private_key = given(text(key, value)?).map(PrivateKeyPem),
        // No key is as long as the largest number: the check of lengths gives the text.
        "PrivateKeyBits" => settings.private_key_bits = u32::try_from(whole(key, value)?).unwrap_or(u32::MAX),
        "PrivateKeyType" => settings.private_key_type = text(key, value)?,
        "RootCert" => settings.root_cert = given(text(key, value)?),
        "RootCertTTL" => settings.root_cert_ttl = duration(key, value)?,
        // Consul reads it and does nothing with it.
        "RotationPeriod" => drop(duration(key, value)?),
        _ => return Err(format!("invalid config key {key:?}")),
    }
    Ok(())
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn text(key: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| unconvertible(key, "string", value))
}

fn duration(key: &str, value: &Value) -> Result<GoDuration, String> {
    if let Value::Number(nanos) = value {
        let nanos = nanos.as_u64().ok_or_else(|| format!("error decoding '{key}': {nanos} is not a duration"))?;
        return Ok(GoDuration(Duration::from_nanos(nanos)));
    }
    GoDuration::parse(&text(key, value)?).map_err(|fault| format!("error decoding '{key}': {fault}"))
}

fn whole(key: &str, value: &Value) -> Result<u64, String> {
    if let Value::String(written) = value {
        let fault = || format!("cannot parse '{key}' as int: strconv.ParseInt: parsing {written:?}: invalid syntax");
        return written.parse().map_err(|_| fault());
    }
    let Value::Number(number) = value else { return Err(unconvertible(key, "int", value)) };
    number.as_u64().ok_or_else(|| format!("'{key}' must be a whole number that is not negative, not {number}"))
}

fn number(key: &str, value: &Value) -> Result<f64, String> {
    if let Value::String(written) = value {
        let number = written.parse().ok().filter(|number: &f64| number.is_finite());
        return number.ok_or_else(|| {
            format!("cannot parse '{key}' as float: strconv.ParseFloat: parsing {written:?}: invalid syntax")
        });
    }
    value.as_f64().ok_or_else(|| unconvertible(key, "float32", value))
}

/// Names the type only: the value may be a private key in the wrong place.
fn unconvertible(key: &str, expected: &str, value: &Value) -> String {
    let found = match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("'{key}' expected type '{expected}', got unconvertible type '{found}'")
}
