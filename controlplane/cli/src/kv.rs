//! Keys in the API: where they are, an entry as it is shown, and as it is printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{ClientError, Request, key};

/// Where a key is in the API.
pub(crate) fn path(name: &str) -> String {
    format!("/v1/kv/{}", key(name))
}

/// The entries that are answered; none when there is nothing.
pub(crate) async fn entries(request: Request<'_>) -> Result<Vec<Entry>, ClientError> {
    match request.send_optional().await? {
        Some(answer) => Entry::list(answer.json()?),
        None => Ok(Vec::new()),
    }
}

/// An entry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) flags: u64,
    lock_index: u64,
    create_index: u64,
    pub(crate) modify_index: u64,
    pub(crate) session: Option<String>,
    value: Option<String>,
}

impl Entry {
    /// Reads a list of entries.
    pub(crate) fn list(answer: Value) -> Result<Vec<Self>, ClientError> {
        serde_json::from_value(answer).map_err(|error| ClientError::NotJson(error.to_string()))
    }

    /// The value as the API shows it.
    pub(crate) fn base64(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value, or with `base64` its text form.
    pub(crate) fn bytes(&self, base64: bool) -> Vec<u8> {
        match STANDARD.decode(self.base64()) {
            Ok(bytes) if !base64 => bytes,
            _ => self.base64().as_bytes().to_vec(),
        }
    }

    /// All that there is about it.
    pub(crate) fn detailed(&self, base64: bool) -> Vec<u8> {
        let mut text = Vec::new();
        let numbers = [("CreateIndex", self.create_index), ("Flags", self.flags)];
        let lines = numbers.map(|(name, value)| (name, value.to_string()));
        let rest = [
            ("Key", self.key.clone()),
            ("LockIndex", self.lock_index.to_string()),
            ("ModifyIndex", self.modify_index.to_string()),
            ("Session", self.session.clone().unwrap_or_else(|| "-".to_owned())),
        ];
        for (name, value) in lines.into_iter().chain(rest) {
            text.extend(format!("{name:<17}{value}\n").into_bytes());
        }
        let value = self.bytes(base64);
        text.extend(if value.is_empty() { b"Value".to_vec() } else { format!("{:<17}", "Value").into_bytes() });
        text.extend(value);
        text
    }
}
