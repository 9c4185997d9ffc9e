//! All that is wrong with one document, each fault with the path of the field it concerns.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where, as `Sources[0].Name`; empty when the message names the place itself.
    pub path: String,
    /// What is wrong, without the path.
    pub message: String,
    /// Shown as a list even where it is the only one: so Consul says some.
    #[serde(default)]
    pub listed: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{} {}", self.path, self.message)
    }
}

/// A list of faults, gathered over a whole document so that the user fixes once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Notes that the field at `path` is wrong: shown as `<path> <message>`.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), message: message.into(), listed: false });
    }

    /// Notes a fault whose text names its place itself.
    pub fn say(&mut self, message: impl Into<String>) {
        self.add("", message);
    }

    /// Notes a fault that is shown as a list even where it is the only one.
    pub fn list(&mut self, message: impl Into<String>) {
        self.0.push(Fault { path: String::new(), message: message.into(), listed: true });
    }

    /// `Ok` when nothing was noted.
    ///
    /// # Errors
    /// The faults themselves.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    /// One fault is its own text; several are listed as Consul lists them (`N errors occurred:`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] if !one.listed => fmt::Display::fmt(one, f),
            many => {
                let noun = if many.len() == 1 { "error" } else { "errors" };
                write!(f, "{} {noun} occurred:", many.len())?;
                for fault in many {
                    write!(f, "\n\t* {fault}")?;
                }
                f.write_str("\n\n")
            }
        }
    }
}

impl std::error::Error for Faults {}
