//! Paths with `//`, `.` or `..` are answered with a redirect to their clean form, as Go's mux does:
//! handlers never see two spellings of one path.

use std::fmt::Write as _;

/// Whether a path as it was sent is clean at first sight. Most are.
pub(crate) fn is_plain(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|byte| {
        let plain = byte != b'%' && !(before == b'/' && matches!(byte, b'/' | b'.'));
        before = byte;
        plain
    })
}

/// The clean form of a decoded path, when it is another one.
pub(crate) fn clean(path: &str) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    let mut clean = format!("/{}", kept.join("/"));
    let names_a_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if names_a_folder && clean != "/" {
        clean.push('/');
    }
    (clean != path).then_some(clean)
}

/// A decoded path as it is written in a URL.
pub(crate) fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_gos_mux_does() {
        for (path, expected) in [
            ("/v1/catalog/nodes", None),
            ("/", None),
            ("/v1/catalog/service/", None),
            ("//v1/catalog/nodes", Some("/v1/catalog/nodes")),
            ("/v1/catalog/../catalog/nodes", Some("/v1/catalog/nodes")),
            ("/v1/health/service/../x", Some("/v1/health/x")),
            ("/v1/kv//a/", Some("/v1/kv/a/")),
            ("/../..", Some("/")),
            ("/a/.", Some("/a/")),
        ] {
            assert_eq!(clean(path).as_deref(), expected, "{path}");
            assert_eq!(is_plain(path), expected.is_none(), "{path}");
        }
    }

    #[test]
    fn a_redirect_cannot_leave_the_host_or_split_the_header() {
        assert_eq!(clean("//evil.example/x").as_deref(), Some("/evil.example/x"));
        assert_eq!(escape("/a b\r\n%\""), "/a%20b%0D%0A%25%22");
    }
}
