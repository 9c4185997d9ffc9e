//! Paths that every application reads alike, and those that it may read otherwise than we do.
//!
//! Normalisation has resolved dot segments and decoded what needs no encoding. What is left and still
//! ambiguous: what separates the parts of a path, if it is encoded, and control bytes; malformed or
//! overlong encodings; empty segments; path parameters (`/admin;x`), which some frameworks cut off.

/// A regular expression for plain paths.
pub(super) const PLAIN: &str = concat!(
    "(?:/|(?:/",
    "(?:[!\"$&-.0-:<->@-\\[\\]-~]|%(?:",
    // Printable bytes that need encoding and separate nothing: not '#', '/', ';', '?', '\\'.
    "2[0-24-9a-cA-C]|3[acdeACDE]|40|5[bdeBDE]|60|7[b-dB-D]|",
    // UTF-8, each lead byte with what may follow it.
    "[89abAB][0-9a-fA-F]|[cC][2-9a-fA-F]|[dD][0-9a-fA-F]|[eE]0%[abAB][0-9a-fA-F]|[eE][1-9a-fA-F]|",
    "[fF]0%[9abAB][0-9a-fA-F]|[fF][1-4]",
    "))+)+/?)",
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use regex::Regex;

    use super::PLAIN;

    #[test]
    fn plain_paths_are_told_from_ambiguous_ones() {
        let plain = Regex::new(&format!("^{PLAIN}$")).unwrap();
        for path in
            ["/", "/a", "/a/", "/a/b.c/d", "/a%20b", "/%C3%A9", "/a,b=c@d:e~", "/%2561", "/%e2%82%ac", "/a%5B0%5D"]
        {
            assert!(plain.is_match(path), "{path}");
        }
        for path in [
            "",
            "*",
            "a",
            "//a",
            "/a//b",
            "/a//",
            "/a%3Fb",
            "/a%23b",
            "/a;b",
            "/a%3bb",
            "/a%2Fb",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/a%0d%0a",
            "/%61",
            "/%2e",
            "/%7E",
            "/%7f",
            "/%zz",
            "/%",
            "/%a",
            "/%c0%af",
            "/%C1%81",
            "/%e0%80%af",
            "/%f0%82%82%ac",
            "/%ff",
            "/é",
            "/a b",
            "/a\n",
        ] {
            assert!(!plain.is_match(path), "{path}");
        }
    }
}
