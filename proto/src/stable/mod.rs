//! Encoding with stable bytes: equal messages give equal bytes, in every process.
//!
//! The generated types keep map fields in `HashMap`s, whose order differs from one map to the next, and
//! so do the bytes. Here the entries of each map are put in order after encoding, in place, also inside
//! of an `Any`. Which fields are maps is read from a table, as the bytes alone do not tell.

mod table;
mod wire;

use prost::{Message, Name};
use table::{Inside, Table};
use wire::Field;

/// Encodes a message with its maps in order.
pub fn encode<M: Message + Name>(message: &M) -> Vec<u8> {
    let mut bytes = message.encode_to_vec();
    let table = Table::get();
    if let Some(of) = table.find(&M::full_name()) {
        settle(table, of, &mut bytes);
    }
    bytes
}

/// Puts the maps of an encoded message in order. Order is all that changes: every length stays.
fn settle(table: &Table, of: usize, bytes: &mut [u8]) {
    if of == table.any() {
        return settle_any(table, bytes);
    }
    let mut at = 0;
    while let Some(field) = wire::next(bytes, at) {
        match table.inside(of, field.tag) {
            Some(Inside::Message(child)) => settle(table, child, &mut bytes[field.content()]),
            Some(Inside::Map(value)) => {
                at = settle_map(table, value, bytes, field);
                continue;
            }
            None => {}
        }
        at = field.end;
    }
}

fn settle_any(table: &Table, bytes: &mut [u8]) {
    let mut of = None;
    let mut at = 0;
    while let Some(field) = wire::next(bytes, at) {
        match (field.tag, of) {
            (1, _) => {
                let url = str::from_utf8(&bytes[field.content()]).unwrap_or_default();
                of = table.find(url.rsplit('/').next().unwrap_or_default());
            }
            (2, Some(of)) => settle(table, of, &mut bytes[field.content()]),
            _ => {}
        }
        at = field.end;
    }
}

/// The entries of a map stand side by side. Returns where they end.
fn settle_map(table: &Table, value: Option<usize>, bytes: &mut [u8], first: Field) -> usize {
    let mut entries = Vec::new();
    let (start, tag, mut end) = (first.start, first.tag, first.start);
    while let Some(entry) = wire::next(bytes, end).filter(|field| field.tag == tag) {
        if let Some(value) = value {
            settle_value(table, value, &mut bytes[entry.content()]);
        }
        end = entry.end;
        entries.push(bytes[entry.start..entry.end].to_vec());
    }
    entries.sort();
    bytes[start..end].copy_from_slice(&entries.concat());
    end
}

fn settle_value(table: &Table, value: usize, entry: &mut [u8]) {
    let mut at = 0;
    while let Some(field) = wire::next(entry, at) {
        if field.tag == 2 {
            settle(table, value, &mut entry[field.content()]);
        }
        at = field.end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::envoy::core::Metadata;
    use crate::envoy::rbac::{Policy, Rbac};
    use crate::google::protobuf::{ListValue, Struct, Value, value::Kind};

    fn text(text: &str) -> Value {
        Value { kind: Some(Kind::StringValue(text.to_owned())) }
    }

    fn numbered(depth: usize) -> Struct {
        let fields = (0..6).map(|n| {
            let kind = match depth {
                0 => return (format!("k{n}"), text(&"v".repeat(n))),
                _ => Kind::ListValue(ListValue {
                    values: vec![
                        text("list order stays"),
                        Value { kind: Some(Kind::StructValue(numbered(depth - 1))) },
                    ],
                }),
            };
            (format!("k{n}"), Value { kind: Some(kind) })
        });
        Struct { fields: fields.collect() }
    }

    fn metadata() -> Metadata {
        Metadata {
            filter_metadata: ["b", "a"].map(|k| (k.to_owned(), numbered(1))).into(),
            typed_filter_metadata: ["d", "c"].map(|k| (k.to_owned(), crate::any(&numbered(0)))).into(),
        }
    }

    #[test]
    fn equal_messages_give_equal_bytes() {
        let first = encode(&metadata());
        for _ in 0..32 {
            assert!(encode(&metadata()) == first);
        }
    }

    #[test]
    fn nothing_but_order_changes() {
        // An `Any` holds bytes, which may differ in order themselves.
        let message = Metadata { typed_filter_metadata: Default::default(), ..metadata() };
        let stable = encode(&message);
        assert_eq!(stable.len(), message.encoded_len());
        assert_eq!(Metadata::decode(stable.as_slice()).unwrap(), message);
    }

    #[test]
    fn lists_keep_their_order() {
        let list = |first: &str, second: &str| Struct {
            fields: [(
                "list".to_owned(),
                Value { kind: Some(Kind::ListValue(ListValue { values: vec![text(first), text(second)] })) },
            )]
            .into(),
        };
        assert_ne!(encode(&list("a", "b")), encode(&list("b", "a")));
    }

    #[test]
    fn policies_stand_in_one_order() {
        let names = ["layer7-0", "layer7-1", "layer7-2", "layer4-0"];
        let rules = Rbac { policies: names.map(|name| (name.to_owned(), Policy::default())).into(), ..Rbac::default() };
        let bytes = encode(&rules);
        let places = ["layer4-0", "layer7-0", "layer7-1", "layer7-2"].map(|name| {
            let found = bytes.windows(name.len()).position(|part| part == name.as_bytes());
            found.unwrap()
        });
        assert!(places.is_sorted());
    }
}
