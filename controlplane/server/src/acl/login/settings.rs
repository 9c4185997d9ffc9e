//! Reading the `Config` of an auth method, whose keys come in any case.

use serde_json::{Map, Value};

/// The settings of one method, checked to have no key that is not known.
pub(super) struct Settings<'a>(&'a Map<String, Value>);

impl<'a> Settings<'a> {
    pub(super) fn new(config: &'a Map<String, Value>, known: &[&str]) -> Result<Self, String> {
        let is_unknown = |key: &&String| !known.iter().any(|known| known.eq_ignore_ascii_case(key));
        let unknown: Vec<_> = config.keys().filter(is_unknown).map(String::as_str).collect();
        if unknown.is_empty() {
            return Ok(Self(config));
        }
        let unknown = unknown.join(", ");
        Err(format!("error decoding config: 1 error(s) decoding:\n\n* '' has invalid keys: {unknown}"))
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        found.filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Result<String, String> {
        match self.get(key) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("error decoding config: '{key}' expected a string")),
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let fault = || format!("error decoding config: '{key}' expected a list of strings");
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(fault)).collect()
            }
            Some(_) => Err(fault()),
        }
    }

    pub(super) fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, String> {
        let fault = || format!("error decoding config: '{key}' expected a map of strings");
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Object(fields)) => fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(fault)?.to_owned())))
                .collect(),
            Some(_) => Err(fault()),
        }
    }

    /// Whole seconds: nanoseconds, or a text as Go writes it.
    pub(super) fn seconds(&self, key: &str) -> Result<Option<i64>, String> {
        let fault = || format!("error decoding config: '{key}' expected a duration");
        match self.get(key) {
            None => Ok(None),
            Some(Value::Number(nanos)) => nanos.as_i64().map(|nanos| Some(nanos / 1_000_000_000)).ok_or_else(fault),
            Some(Value::String(text)) => {
                let duration = weft_model::GoDuration::parse(text).map_err(|_| fault())?;
                i64::try_from(duration.0.as_secs()).map(Some).map_err(|_| fault())
            }
            Some(_) => Err(fault()),
        }
    }
}
