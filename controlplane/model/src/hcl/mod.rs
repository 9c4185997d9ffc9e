//! Reads HCL as Consul's files are written: JSON's cousin with blocks, in the older, looser dialect
//! where commas and line ends between settings are optional and names may be quoted.
//!
//! ```text
//! text -> lexer (tokens with places) -> parser -> serde_json::Value
//! ```
//!
//! A block is a key whose value is an object. A block that is repeated is a list of objects; blocks
//! with labels nest, so that `service "web" {}` is `{"service": {"web": {}}}`. Text in `${…}` stays as
//! it is written: nothing is evaluated.

mod lexer;
mod parser;

use std::fmt;

use serde_json::{Map, Value};

/// Where in a text something stands, counted from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column in the line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is not HCL, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HclError {
    /// Where it went wrong.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for HclError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for HclError {}

/// Reads a whole file.
///
/// # Errors
/// The first thing that cannot be read, with its line and column.
pub fn parse(text: &str) -> Result<Map<String, Value>, HclError> {
    parser::document(lexer::tokens(text)?)
}

#[cfg(test)]
mod tests;
