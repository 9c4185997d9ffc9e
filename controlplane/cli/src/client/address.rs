//! Where an agent listens: `host:port`, `http://host:port`, or `unix:///path`.

use std::fmt;
use std::path::PathBuf;

use crate::failure::Failure;

/// Where an agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// Reads an address; `what` names it in errors, `port` is used where none is written.
    ///
    /// # Errors
    /// It is no address, or one that needs TLS.
    pub(crate) fn parse(text: &str, what: &str, port: u16) -> Result<Self, Failure> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        if text.starts_with("https://") {
            return Err(Failure::new(format!("{what} {text:?}: TLS is not supported here; use http://")));
        }
        let plain = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        split(plain, port).ok_or_else(|| {
            Failure::new(format!("{what} {text:?} is no address; write host:port, http://host:port or unix:///path"))
        })
    }
}

/// Host and port; an IPv6 address with a port stands in brackets.
fn split(text: &str, fallback: u16) -> Option<Address> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, fallback),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let good = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/?#@".contains(c));
    good.then(|| Address::Tcp { host: host.to_owned(), port })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_all_forms() {
        for (text, wanted) in [
            ("127.0.0.1:8501", "127.0.0.1:8501"),
            ("http://agent.example:80/", "agent.example:80"),
            ("localhost", "localhost:8500"),
            ("[::1]:9", "[::1]:9"),
            ("::1", "[::1]:8500"),
            ("unix:///run/weft.sock", "unix:///run/weft.sock"),
        ] {
            assert_eq!(Address::parse(text, "x", 8500).unwrap().to_string(), wanted);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for text in ["", ":80", "a:b", "a b:1", "http://a/b:1", "https://a:1"] {
            let error = Address::parse(text, "--http-addr", 8500).unwrap_err();
            assert!(error.message.contains("--http-addr"), "{text}: {error}");
        }
    }
}
