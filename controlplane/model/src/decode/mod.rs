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
use place::{Path, Place, Step};

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
    /// Where, as far as that is known.
    steps: Vec<Step>,
}

impl DecodeError {
    /// An error with this text, which says all there is to say.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), placed: true, steps: Vec::new() }
    }

    /// An error whose text names the place that it is about.
    fn about(place: &Place<'_>, text: impl Into<String>) -> Self {
        Self { text: text.into(), placed: true, steps: place.steps() }
    }

    /// The same error with its place in front, unless it has one.
    fn at(self, place: &Place<'_>) -> Self {
        let shown = place.to_string();
        if self.placed || shown.is_empty() { self } else { Self::about(place, format!("{shown}: {}", self.text)) }
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
        Self { text: message.to_string(), placed: false, steps: Vec::new() }
    }
}

/// Decodes `document` into a `T`.
///
/// # Errors
/// All unknown keys; or else of a config entry all values that do not fit, of others the first one.
pub fn from_value<T: DeserializeOwned>(document: Value, flavor: Flavor) -> Result<T, DecodeError> {
    match flavor {
        Flavor::Body => once(document, flavor),
        Flavor::ConfigEntry => all_faults(document),
    }
}

fn once<T: DeserializeOwned>(document: Value, flavor: Flavor) -> Result<T, DecodeError> {
    let unknown = RefCell::new(Vec::new());
    let place = Place { path: Path::Root, unknown: &unknown };
    let outcome = T::deserialize(Lenient { value: document, place });
    let unknown = unknown.into_inner();
    if !unknown.is_empty() {
        return Err(DecodeError::new(unknown_text(&unknown, flavor)));
    }
    outcome
}

/// Takes what does not fit away and tries again, until nothing is left to be found.
fn all_faults<T: DeserializeOwned>(mut document: Value) -> Result<T, DecodeError> {
    /// Nobody reads more.
    const FAULTS_MAX: usize = 32;
    let mut found: Vec<DecodeError> = Vec::new();
    loop {
        let fault = match once::<T>(document.clone(), Flavor::ConfigEntry) {
            Ok(decoded) if found.is_empty() => return Ok(decoded),
            Ok(_) => break,
            Err(fault) => fault,
        };
        let taken = place::clear(&mut document, &fault.steps);
        found.push(fault);
        if !taken || found.len() == FAULTS_MAX {
            break;
        }
    }
    if found.len() == 1 {
        return Err(found.remove(0));
    }
    let lines: Vec<_> = found.iter().map(|fault| format!("\n\t* {}", fault.text)).collect();
    Err(DecodeError::new(format!("{} errors occurred:{}\n\n", found.len(), lines.concat())))
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
