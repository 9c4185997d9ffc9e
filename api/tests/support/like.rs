//! Compares an answer with a recorded one, in which markers stand for what differs from run to run.

use serde_json::Value;

const MARKERS: [(&str, &str); 6] = [
    ("<number>", r"\d+"),
    ("<string>", r".+"),
    ("<time>", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    ("<uuid>", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("<id>", r"([0-9a-f]{2}:)+[0-9a-f]{2}"),
    ("<pem>", r"(?s)-----BEGIN .*-----END [A-Z ]+-----\n?"),
];

/// What differs, each with its place; nothing when the values are alike.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut list = Vec::new();
    compare("", expected, found, &mut list);
    list
}

fn compare(place: &str, expected: &Value, found: &Value, list: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(wanted), Value::Object(fields)) => {
            for (key, wanted) in wanted {
                match fields.get(key) {
                    Some(found) => compare(&format!("{place}.{key}"), wanted, found, list),
                    None => list.push(format!("{place}.{key} is missing")),
                }
            }
            for key in fields.keys().filter(|key| !wanted.contains_key(*key)) {
                list.push(format!("{place}.{key} is too many: {}", fields[key]));
            }
        }
        (Value::Array(wanted), Value::Array(items)) => {
            if wanted.len() != items.len() {
                list.push(format!("{place} has {} items, not {}", items.len(), wanted.len()));
            }
            for (position, (wanted, found)) in wanted.iter().zip(items).enumerate() {
                compare(&format!("{place}[{position}]"), wanted, found, list);
            }
        }
        (Value::String(marker), Value::Number(_)) if marker == "<number>" => {}
        (Value::String(wanted), Value::String(text)) if text_is_like(wanted, text) => {}
        (wanted, found) if wanted == found => {}
        (wanted, found) => list.push(format!("{place} is {found}, not {wanted}")),
    }
}

/// Whether the text fits the pattern that the expected one is.
pub(crate) fn text_is_like(expected: &str, found: &str) -> bool {
    if !expected.contains('<') {
        return expected == found;
    }
    let mut pattern = regex::escape(expected);
    for (marker, form) in MARKERS {
        pattern = pattern.replace(&regex::escape(marker), &format!("(?:{form})"));
    }
    regex::Regex::new(&format!("^{pattern}$")).is_ok_and(|pattern| pattern.is_match(found))
}

/// The value with markers in the place of what differs from run to run.
pub(crate) fn masked(value: &Value, known: &std::collections::BTreeMap<String, String>) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("CreateIndex" | "ModifyIndex" | "CollectionTime", Value::Number(n)) if n.as_u64() != Some(0) => {
                        "<number>".into()
                    }
                    ("Hash" | "ContentHash", Value::String(_)) => "<string>".into(),
                    (_, value) => masked(value, known),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| masked(item, known)).collect(),
        Value::String(text) => masked_text(text, known).into(),
        other => other.clone(),
    }
}

/// The same for a text.
pub(crate) fn masked_text(text: &str, known: &std::collections::BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, secret) in known {
        text = text.replace(secret, &format!("{{{name}}}"));
    }
    for (marker, form) in MARKERS.into_iter().filter(|(marker, _)| !matches!(*marker, "<number>" | "<string>" | "<id>"))
    {
        text = regex::Regex::new(form).map_or(text.clone(), |form| form.replace_all(&text, marker).into_owned());
    }
    text
}
