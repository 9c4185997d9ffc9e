//! Config entries that a new cluster begins with: `config_entries.bootstrap`.

use serde_json::Value;
use weft_model::config_entry::ConfigEntry;

/// The entries, each as a file of `weft config write` would have it.
pub(super) fn read(value: &Value) -> Result<Vec<ConfigEntry>, String> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let entry = |(place, document): (usize, Value)| {
        let entry = ConfigEntry::decode(document).map_err(|error| format!("[{place}]: {error}"))?;
        entry.validate().map_err(|faults| format!("[{place}]: {}", faults.to_string().trim_end()))?;
        Ok(entry)
    };
    items.into_iter().enumerate().map(entry).collect()
}
