//! Reading single values. Each answers the value, or what it should have been.

use std::net::IpAddr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use weft_model::GoDuration;
use weft_model::catalog::Meta;
use weft_model::decode::{Flavor, from_value};
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;

use super::{DownPolicy, Port, template};
use crate::peer_tls::JoinSecret;

pub(crate) fn text(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| expected("a string", value))?;
    // No name, path or address has one, and what is made of it would end there.
    if text.contains('\0') { Err("holds a NUL character".to_owned()) } else { Ok(text.to_owned()) }
}

pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| expected("true or false", value))
}

pub(super) fn integer(value: &Value) -> Result<i64, String> {
    // 8500.0 is one, however it is written.
    let whole = |number: &f64| number.fract() == 0.0 && number.abs() < 9e15;
    #[allow(clippy::cast_possible_truncation)] // it is below 2^53
    let written = || value.as_f64().filter(whole).map(|number| number as i64);
    value.as_i64().or_else(written).ok_or_else(|| expected("a whole number", value))
}

pub(super) fn count(value: &Value) -> Result<usize, String> {
    usize::try_from(integer(value)?).map_err(|_| format!("{value} is not a number of things"))
}

/// As Go writes it: `10s`, `200ms`.
pub(crate) fn duration(value: &Value) -> Result<Duration, String> {
    let written = text(value)?;
    match GoDuration::parse(&written) {
        Ok(duration) => Ok(duration.0),
        Err(_) => Err(format!("{written:?} is no duration: write it like 10s or 200ms")),
    }
}

/// Replaces a default.
pub(super) fn into<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

/// Where something listens; without a port there is nobody. Empty: nowhere.
pub(super) fn host_port(value: &Value) -> Result<String, String> {
    let written = text(value)?;
    let port = written.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    if written.is_empty() || matches!(port, Some(Ok(1..))) {
        Ok(written)
    } else {
        Err(format!("{written:?} is not HOST:PORT"))
    }
}

/// A whole number that is not negative.
pub(super) fn number<T: TryFrom<i64>>(value: &Value) -> Result<T, String> {
    T::try_from(integer(value)?).map_err(|_| format!("{value} is out of range"))
}

/// `-1` is off, 0 any free one.
pub(super) fn port(value: &Value) -> Result<Port, String> {
    let number = integer(value)?;
    if number < 0 {
        return Ok(Port::Off);
    }
    port_number(value).map(Port::At)
}

pub(super) fn port_number(value: &Value) -> Result<u16, String> {
    u16::try_from(integer(value)?).map_err(|_| format!("{value} is not a port: ports go from 0 to 65535"))
}

pub(super) fn address(value: &Value) -> Result<IpAddr, String> {
    let written = text(value)?;
    if written.contains("{{") {
        return template::address(&written);
    }
    if written == "localhost" {
        return Ok(IpAddr::from([127, 0, 0, 1]));
    }
    written.trim().parse().map_err(|_| format!("{written:?} is not one IP address"))
}

pub(super) fn level(value: &Value) -> Result<tracing::Level, String> {
    let written = text(value)?;
    match written.to_ascii_lowercase().as_str() {
        "trace" => Ok(tracing::Level::TRACE),
        "debug" => Ok(tracing::Level::DEBUG),
        "info" => Ok(tracing::Level::INFO),
        "warn" => Ok(tracing::Level::WARN),
        "err" | "error" => Ok(tracing::Level::ERROR),
        _ => Err(format!("{written:?} is not one of trace, debug, info, warn, error")),
    }
}

pub(super) fn policy(value: &Value) -> Result<DefaultPolicy, String> {
    match text(value)?.as_str() {
        "allow" => Ok(DefaultPolicy::Allow),
        "deny" => Ok(DefaultPolicy::Deny),
        other => Err(format!("{other:?} is neither \"allow\" nor \"deny\"")),
    }
}

pub(crate) fn map(value: &Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(map) => Ok(map.clone()),
        // HCL writes a block as a list of one.
        Value::Array(items) if items.len() == 1 => map(&items[0]),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(expected("a block", value))
        }
    }
}

pub(crate) fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value.as_array() {
        Some(items) => items.iter().map(text).collect(),
        None => text(value).map(|text| vec![text]),
    }
}

pub(super) fn pairs(value: &Value) -> Result<Meta, String> {
    map(value)?.iter().map(|(key, value)| Ok((key.clone(), text(value)?))).collect()
}

/// Consul's `prefix_filter`: beginnings of names, each behind a `+` or a `-`.
pub(super) fn filters(value: &Value) -> Result<Vec<(String, bool)>, String> {
    let filter = |rule: String| match rule.split_at_checked(1) {
        Some(("+", beginning)) => Ok((beginning.to_owned(), true)),
        Some(("-", beginning)) => Ok((beginning.to_owned(), false)),
        Some(_) | None => Err(format!("{rule:?} must begin with + or -")),
    };
    texts(value)?.into_iter().map(filter).collect()
}

/// One definition or a list of them.
pub(super) fn definitions<T: DeserializeOwned>(value: &Value) -> Result<Vec<T>, String> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let definitions = items.into_iter().map(|item| from_value(item, Flavor::Body).map_err(|error| error.to_string()));
    definitions.collect()
}

/// A token's secret. A fault does not show it.
pub(crate) fn secret(value: &Value) -> Result<Secret, String> {
    Ok(value.as_str().ok_or("expected a string")?.into())
}

/// The secret of a token that is made from it.
pub(super) fn token(value: &Value) -> Result<Secret, String> {
    let text = value.as_str().ok_or("expected a string")?;
    uuid::Uuid::try_parse(text).map_err(|_| "must be a UUID")?;
    Ok(text.into())
}

/// What a client agent does that cannot reach servers.
pub(super) fn down_policy(value: &Value) -> Result<DownPolicy, String> {
    match text(value)?.as_str() {
        "allow" => Ok(DownPolicy::Allow),
        "deny" => Ok(DownPolicy::Deny),
        "extend-cache" | "async-cache" => Ok(DownPolicy::ExtendCache),
        other => Err(format!("{other:?} is none of \"allow\", \"deny\", \"extend-cache\", \"async-cache\"")),
    }
}

/// A join secret. A fault does not show it.
pub(super) fn join_secret(value: &Value) -> Result<Secret, String> {
    let text = value.as_str().ok_or("expected a string")?;
    JoinSecret::read(text)?;
    Ok(text.into())
}

/// Only what says that the thing is on, because it always is.
pub(super) fn only_on(value: &Value) -> Result<(), String> {
    if boolean(value)? { Ok(()) } else { Err("cannot be switched off: servers always verify each other".to_owned()) }
}

/// Only what says that the thing is off, for `reason`.
pub(super) fn only_off(value: &Value, reason: &str) -> Result<(), String> {
    if boolean(value)? { Err(reason.to_owned()) } else { Ok(()) }
}

fn expected(wanted: &str, value: &Value) -> String {
    format!("expected {wanted}, found {value}")
}
