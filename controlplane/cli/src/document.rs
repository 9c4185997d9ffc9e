//! Files that people write, in JSON or HCL, named on the command line or piped in as `-`.

use std::fs;
use std::io::Read;

use serde_json::Value;
use weft_model::hcl;

use crate::failure::{Context, Failure, plain_io};

/// Reads and parses a file, or standard input for `-`.
pub(crate) fn load(path: &str) -> Result<Value, Failure> {
    parse(path, &read(path)?).context(format!("failed to parse {}", title(path)))
}

fn read(path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let outcome =
        if path == "-" { std::io::stdin().read_to_string(&mut text).map(|_| text) } else { fs::read_to_string(path) };
    outcome.map_err(|error| Failure::new(format!("cannot read {}: {}", title(path), plain_io(&error))))
}

fn title(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}

/// JSON if the name or the first character says so, else HCL.
fn parse(path: &str, text: &str) -> Result<Value, String> {
    let json = path.ends_with(".json") || text.trim_start().starts_with(['{', '[']);
    if json {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    hcl::parse(text).map(Value::Object).map_err(|error| error.to_string())
}

/// The value of a top-level key, whatever the case of its letters.
pub(crate) fn field<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = document.as_object()?;
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The text under a top-level key, if there is one.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    field(document, name)?.as_str()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_ending_or_the_first_character_tells_json_from_hcl() {
        assert_eq!(parse("-", " { \"a\": 1 }").unwrap(), json!({"a": 1}));
        assert_eq!(parse("x.hcl", "a = 1").unwrap(), json!({"a": 1}));
        assert!(parse("x.json", "a = 1").unwrap_err().contains("line 1 column 1"));
        assert!(parse("x", "a = ").unwrap_err().starts_with("line 1, column 5"));
    }

    #[test]
    fn keys_are_found_in_any_case() {
        assert_eq!(text(&json!({"kind": "mesh"}), "Kind"), Some("mesh"));
        assert_eq!(text(&json!({"kind": 1}), "Kind"), None);
    }
}
