//! Keys and their values.

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use weft_model::catalog::Indexed;
use weft_model::{Key, KvEntry, SessionId};

/// A key with its entry.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KvRow<'a> {
    lock_index: u64,
    key: &'a str,
    flags: u64,
    #[serde(serialize_with = "base64_or_null")]
    value: &'a Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a SessionId>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a (Key, Indexed<KvEntry>)> for KvRow<'a> {
    fn from((key, entry): &'a (Key, Indexed<KvEntry>)) -> Self {
        Self::new(key, entry)
    }
}

impl<'a> KvRow<'a> {
    pub(crate) fn new(key: &'a str, entry: &'a Indexed<KvEntry>) -> Self {
        Self {
            lock_index: entry.value.lock_index,
            key,
            flags: entry.value.flags,
            value: &entry.value.value,
            session: entry.value.session.as_ref(),
            create_index: entry.create_index,
            modify_index: entry.modify_index,
        }
    }
}

super::rows!(KvRows of (Key, Indexed<KvEntry>) as KvRow);

/// As Go writes bytes; an empty value is `null`.
fn base64_or_null<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    if bytes.is_empty() {
        return serializer.serialize_none();
    }
    serializer.collect_str(&Base64Display::new(bytes, &STANDARD))
}

/// Reads what [`base64_or_null`] writes, for requests.
///
/// # Errors
/// Go's text.
pub(crate) fn from_base64(text: &str) -> Result<Bytes, String> {
    let wrong = |error: base64::DecodeError| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) => at,
            base64::DecodeError::InvalidLastSymbol { offset, .. } => offset,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len(),
        };
        format!("illegal base64 data at input byte {at}")
    };
    // Go passes over line ends.
    if text.contains(['\r', '\n']) {
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        return from_base64(&text);
    }
    STANDARD.decode(text).map(Bytes::from).map_err(wrong)
}
