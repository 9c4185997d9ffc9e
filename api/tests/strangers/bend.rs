//! Bends a request at one to three places.

use std::fmt;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value, json};

/// Parameters that some endpoint reads.
const PARAMETERS: &[&str] = &[
    "index",
    "wait",
    "near",
    "dc",
    "ns",
    "node-meta",
    "cached",
    "consistent",
    "stale",
    "max_stale",
    "pretty",
    "raw",
    "recurse",
    "keys",
    "separator",
    "cas",
    "flags",
    "acquire",
    "release",
    "hash",
    "tag",
    "passing",
    "limit",
    "filter",
    "enable",
    "reason",
    "note",
    "status",
    "name",
    "node",
    "service",
    "source",
    "destination",
    "token",
    "kind",
    "id",
    "replace-existing-checks",
    "prune",
    "connect",
    "type",
    "format",
    "x",
];

/// Values that hardly anybody means.
const ODD: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "NaN",
    "10m",
    "-10m",
    "9999999h",
    "1.5s",
    "true",
    "null",
    "_agent",
    "..",
    "../../kv/x",
    "a/b",
    "%00",
    "\u{0}",
    "\u{202e}",
    "é",
    "💥",
    "a b",
    "'",
    "\"",
    "{}",
    "[]",
    "*",
    "consul",
    "n1",
    "serfHealth",
    "00000000-0000-0000-0000-000000000000",
    "\\",
    "${a}",
    "::1",
    "127.0.0.1",
    "255.255.255.256",
    "http://",
    "dc2",
    "default",
    "(",
    "a==",
    "\r\nX: y",
];

/// A request in its parts.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The body as a document; null where it is not one.
    pub(crate) json: Value,
    /// The body as text, in place of the document.
    pub(crate) text: Option<String>,
}

impl Request {
    pub(crate) fn get(path: String) -> Self {
        Self { method: "GET".into(), path, json: Value::Null, text: None }
    }

    pub(crate) fn recorded(request: &Value) -> Self {
        let text = |name: &str| request[name].as_str().map(str::to_owned);
        Self {
            method: text("method").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            json: request["json"].clone(),
            text: text("text"),
        }
    }

    pub(crate) fn body(&self) -> String {
        match (&self.text, &self.json) {
            (Some(text), _) => text.clone(),
            (None, Value::Null) => String::new(),
            (None, document) => document.to_string(),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        let shown: String = body.chars().take(2000).collect();
        write!(f, "{} {} {shown}", self.method, self.path)
    }
}

/// Dice, and whole bodies to take parts from.
pub(crate) struct Bender<'a> {
    pub(crate) dice: StdRng,
    pub(crate) bodies: &'a [Value],
}

impl Bender<'_> {
    pub(crate) fn bend(&mut self, request: &Request) -> Request {
        let mut bent = request.clone();
        for _ in 0..self.dice.random_range(1..4) {
            match self.dice.random_range(0..12) {
                0 => bent.method = (*["GET", "PUT", "POST", "DELETE", "HEAD"].choose(&mut self.dice).unwrap()).into(),
                1 => bent.json = self.bodies.choose(&mut self.dice).unwrap().clone(),
                2 => bent.text = Some(self.scratched(&bent.body())),
                3..=5 => self.parameter(&mut bent.path),
                6 => self.segment(&mut bent.path),
                _ => self.document(&mut bent.json),
            }
        }
        bent
    }

    fn odd(&mut self) -> String {
        match self.dice.random_range(0..40) {
            0 => "x".repeat(70_000),
            1 => "(".repeat(3_000),
            _ => (*ODD.choose(&mut self.dice).unwrap()).to_owned(),
        }
    }

    fn parameter(&mut self, path: &mut String) {
        let (name, value) = (*PARAMETERS.choose(&mut self.dice).unwrap(), percent(&self.odd()));
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(name);
        if self.dice.random_bool(0.8) {
            path.push('=');
            path.push_str(&value);
        }
    }

    /// Another text for one part of the path.
    fn segment(&mut self, path: &mut String) {
        let (place, query) = path.split_once('?').map_or((path.as_str(), None), |(place, query)| (place, Some(query)));
        let mut parts: Vec<_> = place.split('/').map(str::to_owned).collect();
        let at = self.dice.random_range(2..parts.len().max(3));
        let odd = percent(&self.odd());
        match parts.get_mut(at) {
            Some(part) => *part = odd,
            None => parts.push(odd),
        }
        *path = parts.join("/") + &query.map(|query| format!("?{query}")).unwrap_or_default();
    }

    /// Bytes lost, doubled or exchanged.
    fn scratched(&mut self, text: &str) -> String {
        let mut chars: Vec<_> = text.chars().collect();
        for _ in 0..self.dice.random_range(1..4) {
            let at = self.dice.random_range(0..=chars.len());
            let end = (at + self.dice.random_range(0..8)).min(chars.len());
            match self.dice.random_range(0..3) {
                0 => drop(chars.drain(at..end)),
                1 => {
                    let again: Vec<_> = chars[at..end].to_vec();
                    chars.splice(at..at, again);
                }
                _ => chars.insert(
                    at,
                    *['{', '}', '[', '"', ',', '\\', '\u{0}', '9', '-', 'é'].choose(&mut self.dice).unwrap(),
                ),
            }
        }
        chars.into_iter().collect()
    }

    /// One place of the document becomes something else.
    fn document(&mut self, place: &mut Value) {
        let deeper = self.dice.random_bool(0.85);
        match place {
            Value::Object(fields) if deeper && !fields.is_empty() => {
                let key = self.key(fields);
                match self.dice.random_range(0..8) {
                    0 => drop(fields.remove(&key)),
                    1 => self.rename(fields, &key),
                    _ => self.document(&mut fields[&key]),
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let at = self.dice.random_range(0..items.len());
                match self.dice.random_range(0..5) {
                    0 => items.push(items[at].clone()),
                    _ => self.document(&mut items[at]),
                }
            }
            place => *place = self.value(),
        }
    }

    fn key(&mut self, fields: &Map<String, Value>) -> String {
        let keys: Vec<_> = fields.keys().cloned().collect();
        keys.choose(&mut self.dice).unwrap().clone()
    }

    fn rename(&mut self, fields: &mut Map<String, Value>, key: &str) {
        let value = fields.get(key).cloned().unwrap_or_default();
        let name = match self.dice.random_range(0..3) {
            0 => key.to_lowercase(),
            1 => format!("{key}x"),
            _ => self.odd(),
        };
        fields.insert(name, value);
    }

    fn value(&mut self) -> Value {
        let part = |bender: &mut Self| {
            let body = bender.bodies.choose(&mut bender.dice).unwrap();
            match body.as_object().filter(|fields| !fields.is_empty()) {
                Some(fields) => fields[&bender.key(fields)].clone(),
                None => body.clone(),
            }
        };
        match self.dice.random_range(0..10) {
            0 => part(self),
            1 => (0..self.dice.random_range(1..200)).fold(json!(1), |inner, _| json!([inner])),
            2 => (0..self.dice.random_range(1..200)).fold(json!(1), |inner, _| json!({"Name": inner})),
            3 => [json!(null), json!(true), json!([]), json!({}), json!(0), json!(-1)]
                .choose(&mut self.dice)
                .unwrap()
                .clone(),
            4 => [json!(u64::MAX), json!(i64::MIN), json!(1e308), json!(0.5), json!(65_536), json!(1 << 31)]
                .choose(&mut self.dice)
                .unwrap()
                .clone(),
            _ => Value::String(self.odd()),
        }
    }
}

/// A text as it may stand in a path or a query.
pub(crate) fn percent(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    escaped.collect()
}
