//! Reads JSON-like documents the way Consul does: keys match fields in any case and with or without
//! underscores (`EnableTagOverride`, `enable_tag_override`), `null` means "not set", unknown keys are
//! refused by name (all of them at once), and a value of a wrong type is named with its place.
//!
//! ```text
//! serde_json::Value -> Lenient (this Deserializer) -> the type's derived Deserialize
//! ```

// The enum matched here is JSON's, which is not ours and will not grow.
#![allow(clippy::wildcard_enum_match_arm)]

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

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
pub struct DecodeError(String);

impl DecodeError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Decodes `document` into a `T`.
///
/// # Errors
/// All unknown keys, or else the first value that does not fit.
pub fn from_value<T: DeserializeOwned>(document: Value, flavor: Flavor) -> Result<T, DecodeError> {
    let unknown = RefCell::new(Vec::new());
    let outcome = T::deserialize(Lenient { value: document, path: Path::Root, unknown: &unknown });
    let unknown = unknown.into_inner();
    if !unknown.is_empty() {
        return Err(DecodeError(unknown_text(&unknown, flavor)));
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

/// Two spellings of one field fold to the same text.
fn fold(key: &str) -> String {
    key.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Where in the document we are, as a list that lives on the stack.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, position) => write!(f, "{parent}[{position}]"),
        }
    }
}

struct Lenient<'a> {
    value: Value,
    path: Path<'a>,
    unknown: &'a RefCell<Vec<String>>,
}

impl Lenient<'_> {
    /// Go's text for a value that does not fit.
    fn mismatch(&self, wanted: &str) -> DecodeError {
        let found = match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let place = self.path.to_string();
        if place.is_empty() {
            return DecodeError(format!("json: cannot unmarshal {found} into Go value of type {wanted}"));
        }
        DecodeError(format!("json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"))
    }

    /// A type's own refusal, with the place in front.
    fn placed<T>(place: &str, outcome: Result<T, DecodeError>) -> Result<T, DecodeError> {
        outcome.map_err(|error| {
            if place.is_empty() || error.0.contains(place) {
                error
            } else {
                DecodeError(format!("{place}: {}", error.0))
            }
        })
    }
}

macro_rules! integers {
    ($($method:ident => $visit:ident, $as:ident, $name:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let whole = self.value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
            match (self.value.$as(), whole) {
                (Some(number), _) => Self::placed(&self.path.to_string(), visitor.$visit(number)),
                (None, Some(number)) if number >= 0.0 => {
                    Self::placed(&self.path.to_string(), visitor.visit_u64(number as u64))
                }
                _ => Err(self.mismatch($name)),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Lenient<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let place = self.path.to_string();
        let outcome = match self.value {
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.into_iter().enumerate(),
                path: &self.path,
                unknown: self.unknown,
            }),
            Value::Object(fields) => visitor.visit_map(Fields::opaque(fields, &self.path, self.unknown)),
            scalar => {
                scalar.deserialize_any(visitor).map_err(|error: serde_json::Error| DecodeError(error.to_string()))
            }
        };
        Lenient::placed(&place, outcome)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.mismatch("bool")),
        }
    }

    integers! {
        deserialize_u8 => visit_u64, as_u64, "uint8";
        deserialize_u16 => visit_u64, as_u64, "int";
        deserialize_u32 => visit_u64, as_u64, "uint32";
        deserialize_u64 => visit_u64, as_u64, "uint64";
        deserialize_i8 => visit_i64, as_i64, "int8";
        deserialize_i16 => visit_i64, as_i64, "int16";
        deserialize_i32 => visit_i64, as_i64, "int32";
        deserialize_i64 => visit_i64, as_i64, "int";
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => Err(self.mismatch("float64")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let place = self.path.to_string();
        match self.value {
            Value::String(text) => Lenient::placed(&place, visitor.visit_string(text)),
            _ => Err(self.mismatch("string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.into_iter().enumerate(),
                path: &self.path,
                unknown: self.unknown,
            }),
            // HCL writes a list of one block as the block itself.
            Value::Object(_) => {
                let items = vec![self.value];
                visitor.visit_seq(Items {
                    items: items.into_iter().enumerate(),
                    path: &self.path,
                    unknown: self.unknown,
                })
            }
            _ => Err(self.mismatch("[]")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(fields) => visitor.visit_map(Fields::opaque(fields, &self.path, self.unknown)),
            _ => Err(self.mismatch("map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(fields) => visitor.visit_map(Fields::of_struct(fields, known, &self.path, self.unknown)),
            // HCL writes a block as a list of one.
            Value::Array(mut items) if items.len() == 1 && items[0].is_object() => {
                Lenient { value: items.remove(0), ..self }.deserialize_struct(name, known, visitor)
            }
            _ => Err(self.mismatch(name)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::String(text) => {
                let known = variants.iter().find(|variant| variant.eq_ignore_ascii_case(text));
                let variant = known.map_or_else(|| text.clone(), |known| (*known).to_owned());
                let text = text.clone();
                visitor.visit_enum(StringDeserializer::<DecodeError>::new(variant)).map_err(|_| {
                    let known: Vec<_> = variants.iter().filter(|v| !v.is_empty()).map(|v| format!("{v:?}")).collect();
                    DecodeError(format!("{}: {text:?} is not one of {}", self.path, known.join(", ")))
                })
            }
            _ => Err(self.mismatch("string")),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a, I> {
    items: I,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<String>>,
}

impl<'de, I: Iterator<Item = (usize, Value)>> SeqAccess<'de> for Items<'_, I> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((position, value)) = self.items.next() else { return Ok(None) };
        let path = Path::Item(self.path, position);
        seed.deserialize(Lenient { value, path, unknown: self.unknown }).map(Some)
    }
}

struct Fields<'a> {
    /// The key to report to the visitor, the key as written, the value.
    fields: std::vec::IntoIter<(String, String, Value)>,
    current: Option<(String, Value)>,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<String>>,
}

impl<'a> Fields<'a> {
    /// Fields of a map whose keys are data.
    fn opaque(fields: Map<String, Value>, path: &'a Path<'a>, unknown: &'a RefCell<Vec<String>>) -> Self {
        let fields: Vec<_> = fields.into_iter().map(|(key, value)| (key.clone(), key, value)).collect();
        Self { fields: fields.into_iter(), current: None, path, unknown }
    }

    /// Fields of a struct: keys are matched to `known`, others are noted; `null` is left out; of two
    /// spellings of one field the last wins, as in Go.
    fn of_struct(
        fields: Map<String, Value>,
        known: &'static [&'static str],
        path: &'a Path<'a>,
        unknown: &'a RefCell<Vec<String>>,
    ) -> Self {
        let mut matched: Vec<(String, String, Value)> = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let folded = fold(&key);
            let Some(field) = known.iter().find(|field| fold(field) == folded) else {
                unknown.borrow_mut().push(Path::Field(path, &key).to_string());
                continue;
            };
            matched.retain(|(name, ..)| name != field);
            if !value.is_null() {
                matched.push(((*field).to_owned(), key, value));
            }
        }
        Self { fields: matched.into_iter(), current: None, path, unknown }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((name, written, value)) = self.fields.next() else { return Ok(None) };
        self.current = Some((written, value));
        seed.deserialize(IntoDeserializer::<DecodeError>::into_deserializer(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (name, value) = self.current.take().ok_or_else(|| DecodeError::new("value asked for before its key"))?;
        let path = Path::Field(self.path, &name);
        seed.deserialize(Lenient { value, path, unknown: self.unknown })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::time::GoDuration;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Sample {
        enable_tag_override: bool,
        port: u16,
        wait: GoDuration,
        inner: Vec<Inner>,
        free: Map<String, Value>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Inner {
        name: String,
    }

    fn read(document: Value) -> Result<Sample, String> {
        from_value(document, Flavor::Body).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_match_in_any_spelling_and_null_is_not_set() {
        let sample = read(json!({"enable_tag_override": true, "PORT": 7, "wait": "10s", "Inner": [{"name": "a"}], "free": {"Some_Key": 1}})).unwrap();
        assert!(sample.enable_tag_override);
        assert_eq!((sample.port, sample.wait), (7, GoDuration::from_secs(10)));
        assert_eq!(sample.inner[0].name, "a");
        assert!(sample.free.contains_key("Some_Key"));
        assert_eq!(read(json!({"Port": null})).unwrap(), Sample::default());
    }

    #[test]
    fn all_unknown_keys_are_named_with_their_place() {
        let error = read(json!({"Foo": 1, "Inner": [{"Bar": 2}]})).unwrap_err();
        assert_eq!(error, r#"json: unknown field "Foo", "Inner[0].Bar""#);
    }

    #[test]
    fn a_wrong_type_names_the_field() {
        let error = read(json!({"Port": "x"})).unwrap_err();
        assert_eq!(error, "json: cannot unmarshal string into Go struct field Port of type int");
        let error = read(json!({"Port": 70000})).unwrap_err();
        assert!(error.starts_with("Port: "), "{error}");
        let error = read(json!({"Wait": "abc"})).unwrap_err();
        assert_eq!(error, "Wait: time: invalid duration \"abc\"");
        let error = read(json!([])).unwrap_err();
        assert!(error.contains("cannot unmarshal array"), "{error}");
    }
}
