//! The `Config` maps that the catalog does not look into. People write numbers as text and keys in
//! either case; what cannot be read is left out with a notice.

use serde_json::{Map, Value};
use weft_model::GoDuration;

use crate::Notice;

/// Maps in the order in which they are asked; the first that has a key decides.
pub(crate) struct Opaque<'a> {
    layers: Vec<&'a Map<String, Value>>,
    about: &'a str,
}

impl<'a> Opaque<'a> {
    pub(crate) fn new(about: &'a str, layers: impl IntoIterator<Item = &'a Map<String, Value>>) -> Self {
        Self { layers: layers.into_iter().collect(), about }
    }

    pub(crate) fn find(&self, key: &str) -> Option<&'a Value> {
        self.layers.iter().find_map(|layer| layer.iter().find(|(name, _)| same_key(name, key)).map(|(_, value)| value))
    }

    /// The map under `key`, of the first layer that has it.
    pub(crate) fn section(&self, key: &str) -> Opaque<'a> {
        let layers = self.find(key).and_then(Value::as_object).into_iter().collect();
        Opaque { layers, about: self.about }
    }

    pub(crate) fn text(&self, key: &str, notices: &mut Vec<Notice>) -> Option<&'a str> {
        self.read(key, notices, "text", Value::as_str).filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&self, key: &str, notices: &mut Vec<Notice>) -> Option<u64> {
        self.read(key, notices, "a number of 0 or more", as_number)
    }

    pub(crate) fn small(&self, key: &str, notices: &mut Vec<Notice>) -> Option<u32> {
        self.read(key, notices, "a number from 0 to 4294967295", |value| u32::try_from(as_number(value)?).ok())
    }

    pub(crate) fn port(&self, key: &str, notices: &mut Vec<Notice>) -> Option<u16> {
        self.read(key, notices, "a port", |value| u16::try_from(as_number(value)?).ok())
    }

    /// A duration in milliseconds: Go's text, or nanoseconds.
    pub(crate) fn duration_ms(&self, key: &str, notices: &mut Vec<Notice>) -> Option<u64> {
        self.read(key, notices, "a duration like \"10s\"", |value| {
            let duration: GoDuration = serde_json::from_value(value.clone()).ok()?;
            u64::try_from(duration.0.as_millis()).ok()
        })
    }

    /// Says of each of `keys` that is set that it has no effect.
    pub(crate) fn refuse(&self, keys: &[&str], notices: &mut Vec<Notice>) {
        for key in keys.iter().filter(|key| self.find(key).is_some_and(|value| value.as_str() != Some(""))) {
            notices.push(Notice::new(self.about, format!("{key} is not supported yet and has no effect")));
        }
    }

    fn read<T>(
        &self,
        key: &str,
        notices: &mut Vec<Notice>,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.find(key).filter(|value| !value.is_null())?;
        let found = read(value);
        if found.is_none() {
            notices
                .push(Notice::new(self.about, format!("Config {key} is not {wanted} but {value}; it has no effect")));
        }
        found
    }
}

/// `MaxFailures` and `max_failures` are the same key.
fn same_key(one: &str, two: &str) -> bool {
    let plain = |text: &str| -> Vec<u8> {
        text.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect()
    };
    one == two || plain(one) == plain(two)
}

fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// HCL knows only floating point.
fn whole(number: f64) -> Option<u64> {
    let fits = (0.0..9e15).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_from_numbers_and_text_in_either_case_of_key() {
        let first = json!({"bind_port": "8443", "LocalConnectTimeoutMs": 250.0, "broken": -1});
        let second = json!({"bind_port": 1, "other": 7, "limits": {"max_connections": 3}});
        let layers = [first.as_object().unwrap(), second.as_object().unwrap()];
        let config = Opaque::new("proxy", layers);
        let mut notices = Vec::new();
        assert_eq!(config.port("bind_port", &mut notices), Some(8443));
        assert_eq!(config.number("local_connect_timeout_ms", &mut notices), Some(250));
        assert_eq!(config.number("other", &mut notices), Some(7));
        assert_eq!(config.section("Limits").small("MaxConnections", &mut notices), Some(3));
        assert_eq!(config.number("absent", &mut notices), None);
        assert!(notices.is_empty());
        assert_eq!(config.number("broken", &mut notices), None);
        assert_eq!(notices.len(), 1);
    }
}
