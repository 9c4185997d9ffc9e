//! Reads JSON strictly: one document, no field twice, no deep nesting. What is wrong is said in the words
//! of Go's decoder, which clients know.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

/// Deeper documents are refused: every level costs stack in each of their readers.
const DEPTH_MAX: usize = 64;

/// Reads one document.
///
/// # Errors
/// Go's text: `EOF`, `unexpected EOF`, `invalid character …`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("EOF".into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|error| go_text(&error, bytes))?;
    reader.end().map_err(|error| match character(&error, bytes) {
        Some(found) => format!("invalid character {found} after top-level value"),
        None => "data after top-level value".into(),
    })?;
    Ok(value)
}

fn go_text(error: &serde_json::Error, bytes: &[u8]) -> String {
    let text = error.to_string();
    // serde_json puts the position behind its own texts.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    match error.classify() {
        Category::Eof => return "unexpected EOF".into(),
        Category::Data => return what.to_owned(),
        Category::Syntax | Category::Io => {}
    }
    let context = match what {
        "key must be a string" | "trailing comma" => "looking for beginning of object key string",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        "invalid number" => "in numeric literal",
        "invalid escape" => "in string escape code",
        "control character (\\u0000-\\u001F) found while parsing a string" => "in string literal",
        "recursion limit exceeded" => return "exceeded max depth".into(),
        "expected value" | "expected ident" => "looking for beginning of value",
        other => return format!("invalid JSON: {other}"),
    };
    match character(error, bytes) {
        Some(found) => format!("invalid character {found} {context}"),
        None => format!("invalid JSON {context}"),
    }
}

/// The character that an error points at, quoted as Go quotes it.
fn character(error: &serde_json::Error, bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().checked_sub(1)?)?;
    let found = char::from(*line.get(error.column().checked_sub(1)?)?);
    Some(if found == '\'' { r"'\''".into() } else { format!("'{}'", found.escape_default()) })
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom("json: exceeded max depth"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(inner)?;
            if values.contains_key(&key) {
                return Err(de::Error::custom(format!("json: duplicate field {key:?}")));
            }
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_said_in_gos_words() {
        assert_eq!(refused(""), "EOF");
        assert_eq!(refused(" \n"), "EOF");
        assert_eq!(refused("{"), "unexpected EOF");
        assert_eq!(refused(r#"{"a":"b"#), "unexpected EOF");
        assert_eq!(refused(r#"{"a":1,}"#), "invalid character '}' looking for beginning of object key string");
        assert_eq!(refused("{a:1}"), "invalid character 'a' looking for beginning of object key string");
        assert_eq!(refused(r#"{"a" 1}"#), "invalid character '1' after object key");
        assert_eq!(refused(r#"{"a":1 "b"}"#), "invalid character '\\\"' after object key:value pair");
        assert_eq!(refused("[1 2]"), "invalid character '2' after array element");
        assert_eq!(refused("x"), "invalid character 'x' looking for beginning of value");
        assert_eq!(refused("{} x"), "invalid character 'x' after top-level value");
    }

    #[test]
    fn a_field_given_twice_is_named() {
        assert_eq!(refused(r#"{"a":{"b":1,"b":2}}"#), r#"json: duplicate field "b""#);
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(refused(&nested(DEPTH_MAX + 1)), "json: exceeded max depth");
        assert!(!refused(&"[".repeat(100_000)).is_empty());
    }

    #[test]
    fn values_are_kept_as_written() {
        let value = parse(br#"{"z":1,"a":[null,true,-1,1.5,"t"]}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"z":1,"a":[null,true,-1,1.5,"t"]}"#);
    }
}
