//! Reads JSON-like documents the way Consul does: keys match fields in any case and with or without
//! underscores (`EnableTagOverride`, `enable_tag_override`), `null` means "not set", unknown keys are
//! refused by name (all of them at once), and a value of a wrong type is named with its place.
//!
//! ```text
//! serde_json::Value -> Lenient (a Deserializer) -> the type's derived Deserialize
//! ```

mod contents;
mod lenient;
mod place;

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde_json::Value;

use lenient::Lenient;
use place::{Path, Place};

/// Whose words an error uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// Bodies of the agent, catalog and intention endpoints: `json: unknown field "Foo"`.
    Body,
    /// Config entries: `invalid config key "Foo"`.
    ConfigEntry,
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    text: String,
    /// Whether the text says where.
    placed: bool,
}

impl DecodeError {
    /// An error with this text, which says all there is to say.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), placed: true }
    }

    /// The same error with its place in front, unless it has one.
    fn at(self, place: &str) -> Self {
        if self.placed || place.is_empty() { self } else { Self::new(format!("{place}: {}", self.text)) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    /// A type's own refusal, which does not know its place.
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { text: message.to_string(), placed: false }
    }
}

/// Decodes `document` into a `T`.
///
/// # Errors
/// All unknown keys, or else the first value that does not fit.
pub fn from_value<T: DeserializeOwned>(document: Value, flavor: Flavor) -> Result<T, DecodeError> {
    let unknown = RefCell::new(Vec::new());
    let place = Place { path: Path::Root, unknown: &unknown };
    let outcome = T::deserialize(Lenient { value: document, place });
    let unknown = unknown.into_inner();
    if !unknown.is_empty() {
        return Err(DecodeError::new(unknown_text(&unknown, flavor)));
    }
    outcome
}

fn unknown_text(unknown: &[String], flavor: Flavor) -> String {
    match flavor {
        Flavor::Body => {
            let quoted: Vec<_> = unknown.iter().map(|key| format!("{key:?}")).collect();
            format!("json: unknown field {}", quoted.join(", "))
        }
        Flavor::ConfigEntry => {
            let noun = if unknown.len() == 1 { "error" } else { "errors" };
            let lines: Vec<_> = unknown.iter().map(|key| format!("\n\t* invalid config key {key:?}")).collect();
            format!("{} {noun} occurred:{}\n\n", unknown.len(), lines.concat())
        }
    }
}

#[cfg(test)]
mod tests;
