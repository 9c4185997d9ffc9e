//! The deserializer: what each type that is asked for may be written as.

// The enum matched here is JSON's, which is not ours and will not grow.
#![allow(clippy::wildcard_enum_match_arm)]

use serde::de::value::StringDeserializer;
use serde::de::{self, Visitor};
use serde_json::Value;

use super::DecodeError;
use super::contents::{Fields, Items};
use super::place::Place;

/// A value of a document that is being read.
pub(super) struct Lenient<'a> {
    pub(super) value: Value,
    pub(super) place: Place<'a>,
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
        let place = self.place.to_string();
        let target = if place.is_empty() { "Go value".to_owned() } else { format!("Go struct field {place}") };
        DecodeError::about(&self.place, format!("json: cannot unmarshal {found} into {target} of type {wanted}"))
    }
}

macro_rules! integers {
    ($($method:ident => $visit:ident, $as:ident, $name:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            // `3.0` is a whole number too.
            let whole = self.value.as_f64().filter(|n| n.fract() == 0.0 && (0.0..9e15).contains(n));
            let outcome = match (self.value.$as(), whole) {
                (Some(number), _) => visitor.$visit(number),
                (None, Some(number)) => visitor.visit_u64(number as u64),
                (None, None) => return Err(self.mismatch($name)),
            };
            outcome.map_err(|error: DecodeError| error.at(&self.place))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Lenient<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let outcome = match self.value {
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.place)),
            Value::Object(fields) => visitor.visit_map(Fields::opaque(fields, self.place)),
            scalar => scalar.deserialize_any(visitor).map_err(<DecodeError as de::Error>::custom),
        };
        outcome.map_err(|error| error.at(&self.place))
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
        match self.value {
            Value::String(text) => visitor.visit_string(text).map_err(|error: DecodeError| error.at(&self.place)),
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
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.place)),
            // HCL writes a list of one block as the block itself.
            block @ Value::Object(_) => visitor.visit_seq(Items::new(vec![block], self.place)),
            _ => Err(self.mismatch("[]")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(fields) => visitor.visit_map(Fields::opaque(fields, self.place)),
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
            Value::Object(fields) => visitor.visit_map(Fields::of_struct(fields, known, self.place)),
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
        let Value::String(text) = &self.value else { return Err(self.mismatch("string")) };
        let variant = variants.iter().find(|variant| variant.eq_ignore_ascii_case(text)).copied().unwrap_or(text);
        visitor.visit_enum(StringDeserializer::<DecodeError>::new(variant.to_owned())).map_err(|_| {
            let known: Vec<_> = variants.iter().filter(|v| !v.is_empty()).map(|v| format!("{v:?}")).collect();
            DecodeError::about(&self.place, format!("{}: {text:?} is not one of {}", self.place, known.join(", ")))
        })
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
