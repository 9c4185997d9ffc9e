//! The query string: pairs in the order in which they were sent. Flags such as `?stale` are present
//! without a value.

use crate::refusal::Refusal;

/// A decoded query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `a=b&c`; a wrong escape is refused by its text.
    pub(crate) fn parse(raw: &str) -> Result<Self, Refusal> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((unescape(name, Plus::IsSpace)?, unescape(value, Plus::IsSpace)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// The first value under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value, or nothing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All values under this name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All pairs by their names, as Go writes them back.
    pub(crate) fn encode(&self) -> String {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_by_key(|(name, _)| name);
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        pairs.join("&")
    }

    /// What is left without these names.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// Whether the name is there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Go's `strconv.ParseBool`.
pub(crate) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Go's `strconv.ParseUint`, for base 10.
///
/// # Errors
/// Go's text.
pub(crate) fn go_uint(text: &str) -> Result<u64, String> {
    let refused = |why: &str| format!("strconv.ParseUint: parsing {text:?}: {why}");
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("invalid syntax"));
    }
    text.parse().map_err(|_| refused("value out of range"))
}

/// Go's `strconv.Atoi`.
///
/// # Errors
/// Go's text.
pub(crate) fn go_int(text: &str) -> Result<i64, String> {
    let refused = |why: &str| format!("strconv.Atoi: parsing {text:?}: {why}");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("invalid syntax"));
    }
    text.parse().map_err(|_| refused("value out of range"))
}

/// Go's `url.QueryEscape`.
fn escape(text: &str) -> String {
    let one = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// What `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// In a query string.
    IsSpace,
    /// In a path.
    IsItself,
}

/// Undoes percent-encoding. The result must be UTF-8 without control characters.
pub(crate) fn unescape(text: &str, plus: Plus) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let byte = tail.get(..2).and_then(hex).ok_or_else(|| {
                    let end = text.len().min(text.len() - tail.len() + 2);
                    let escape = String::from_utf8_lossy(&text.as_bytes()[text.len() - tail.len() - 1..end]);
                    Refusal::bad_request(format!("Bad request: invalid URL escape {escape:?}"))
                })?;
                bytes.push(byte);
                rest = &tail[2..];
            }
            b'+' if plus == Plus::IsSpace => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Refusal::bad_request("Bad request: the URL is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Refusal::bad_request("Bad request: the URL contains a zero byte"));
    }
    Ok(text)
}

fn hex(digits: &[u8]) -> Option<u8> {
    // from_str_radix alone would take a sign.
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn flags_lists_and_escapes_are_read() {
        let query = Query::parse("stale&tag=a%20b&tag=c+d&wait=60000ms&x=").unwrap();
        assert!(query.has("stale") && query.has("x") && !query.has("consistent"));
        assert_eq!(query.all("tag").collect::<Vec<_>>(), ["a b", "c d"]);
        assert_eq!(query.text("wait"), "60000ms");
        assert_eq!(query.text("none"), "");
    }

    #[test]
    fn pairs_are_written_back_as_go_does() {
        assert_eq!(Query::parse("recurse&cas=1&a=b%20%26").unwrap().encode(), "a=b+%26&cas=1&recurse=");
    }

    #[test]
    fn numbers_are_read_as_go_does() {
        assert_eq!(go_uint("18446744073709551615"), Ok(u64::MAX));
        for (text, why) in
            [("", "invalid syntax"), ("+1", "invalid syntax"), ("18446744073709551616", "value out of range")]
        {
            assert_eq!(go_uint(text).unwrap_err(), format!("strconv.ParseUint: parsing {text:?}: {why}"));
        }
    }

    #[test]
    fn a_wrong_escape_is_named() {
        for (raw, text) in [("filter=%zz", "%zz"), ("a=%2", "%2"), ("a=%", "%"), ("a=%+1", "%+1")] {
            let refusal = Query::parse(raw).unwrap_err();
            assert_eq!(refusal.text, format!("Bad request: invalid URL escape {text:?}"));
        }
        assert!(Query::parse("a=%ff").is_err());
    }
}
