//! What lists and objects hold, one value at a time.

use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};
use serde_json::{Map, Value};

use super::DecodeError;
use super::lenient::Lenient;
use super::place::Place;

/// The items of a list.
pub(super) struct Items<'a> {
    items: std::iter::Enumerate<std::vec::IntoIter<Value>>,
    place: Place<'a>,
}

impl<'a> Items<'a> {
    pub(super) fn new(items: Vec<Value>, place: Place<'a>) -> Self {
        Self { items: items.into_iter().enumerate(), place }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((position, value)) = self.items.next() else { return Ok(None) };
        seed.deserialize(Lenient { value, place: self.place.item(position) }).map(Some)
    }
}

/// The fields of an object.
pub(super) struct Fields<'a> {
    fields: std::vec::IntoIter<Field>,
    /// The key as written, and the value that goes with the key that was handed out last.
    current: Option<(String, Value)>,
    place: Place<'a>,
}

struct Field {
    /// The key that the visitor knows.
    name: String,
    /// The key as written.
    written: String,
    value: Value,
}

impl<'a> Fields<'a> {
    /// Fields of a map whose keys are data.
    pub(super) fn opaque(fields: Map<String, Value>, place: Place<'a>) -> Self {
        let fields = fields.into_iter().map(|(key, value)| Field { name: key.clone(), written: key, value });
        Self { fields: fields.collect::<Vec<_>>().into_iter(), current: None, place }
    }

    /// Fields of a struct: keys are matched to `known`, others are noted; `null` is left out; of two
    /// spellings of one field the last wins, as in Go.
    pub(super) fn of_struct(fields: Map<String, Value>, known: &'static [&'static str], place: Place<'a>) -> Self {
        let mut matched: Vec<Field> = Vec::with_capacity(fields.len());
        for (written, value) in fields {
            let folded = fold(&written);
            let Some(name) = known.iter().find(|name| fold(name) == folded) else {
                place.note_unknown(&written);
                continue;
            };
            matched.retain(|earlier| earlier.name != *name);
            if !value.is_null() {
                matched.push(Field { name: (*name).to_owned(), written, value });
            }
        }
        Self { fields: matched.into_iter(), current: None, place }
    }
}

/// Two spellings of one field fold to the same text.
fn fold(key: &str) -> String {
    key.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some(Field { name, written, value }) = self.fields.next() else { return Ok(None) };
        self.current = Some((written, value));
        seed.deserialize(IntoDeserializer::<DecodeError>::into_deserializer(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (name, value) = self.current.take().ok_or_else(|| DecodeError::new("value asked for before its key"))?;
        seed.deserialize(Lenient { value, place: self.place.field(&name) })
    }
}
