//! Text in URLs.

/// A path segment: everything but unreserved characters is encoded.
pub(crate) fn segment(text: &str) -> String {
    encode(text, "-._~")
}

/// A key: its slashes stay.
pub(crate) fn key(text: &str) -> String {
    encode(text, "-._~/")
}

/// A query value; `*` and `/` may stand as they are.
pub(super) fn query(text: &str) -> String {
    encode(text, "-._~*/:,")
}

fn encode(text: &str, plain: &str) -> String {
    let one = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || plain.contains(c) && c.is_ascii() => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_foreign_characters_are_encoded() {
        assert_eq!(segment("a b/ü?"), "a%20b%2F%C3%BC%3F");
        assert_eq!(query("a=b & *"), "a%3Db%20%26%20*");
    }
}
