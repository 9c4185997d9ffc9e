//! How an intention looks in a line.

use serde_json::Value;

/// A field of an intention, as text.
pub(super) fn text<'a>(intention: &'a Value, key: &str) -> &'a str {
    intention[key].as_str().unwrap_or_default()
}

/// `allow`, `deny`, or how many permissions decide.
pub(super) fn action(intention: &Value) -> String {
    match intention["Permissions"].as_array().map(Vec::len) {
        None | Some(0) => text(intention, "Action").to_owned(),
        Some(1) => "1 permission".to_owned(),
        Some(several) => format!("{several} permissions"),
    }
}

/// `web => api (deny)`.
pub(super) fn line(intention: &Value) -> String {
    format!("{} => {} ({})", text(intention, "SourceName"), text(intention, "DestinationName"), action(intention))
}
