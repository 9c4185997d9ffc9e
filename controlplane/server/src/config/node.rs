//! What a node may say of itself.

use uuid::Uuid;
use weft_model::Faults;
use weft_model::catalog::Meta;

/// Consul's limits.
const PAIRS_MAX: usize = 64;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 512;

/// The ID that was given, in lower case; empty: one is made.
pub(super) fn id(given: Option<&str>, faults: &mut Faults) -> String {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return String::new() };
    // Other ways to write one are nobody's.
    match Uuid::try_parse(given).ok().map(|id| id.to_string()).filter(|id| *id == given.to_ascii_lowercase()) {
        Some(id) => id,
        None => {
            faults.say(format!("node_id: {given:?} is no UUID, like 5f4e1c2d-0b6a-4d4e-9c55-1f0a3b9d7e21"));
            String::new()
        }
    }
}

pub(super) fn judge_meta(meta: &Meta, faults: &mut Faults) {
    if meta.len() > PAIRS_MAX {
        faults.say(format!("node_meta: Node metadata cannot contain more than {PAIRS_MAX} key/value pairs"));
    }
    let plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    for (key, value) in meta {
        let reason = match key.as_str() {
            "" => "Key cannot be blank",
            key if !plain(key) => "Key contains invalid characters",
            key if key.len() > KEY_MAX => "Key is too long (limit: 128 characters)",
            key if key.starts_with("consul-") => "Key prefix 'consul-' is reserved for internal use",
            _ if value.len() > VALUE_MAX => "Value is too long (limit: 512 characters)",
            _ => continue,
        };
        faults.say(format!("node_meta: Couldn't load metadata pair ('{key}', '{value}'): {reason}"));
    }
}
