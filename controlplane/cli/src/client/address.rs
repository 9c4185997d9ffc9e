//! Where an agent listens: `host:port`, `http://host:port`, `https://host:port`, or `unix:///path`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::Failure;

/// Where an agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16, security: Security },
    Unix(PathBuf),
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Security {
    #[default]
    Plain,
    Tls,
}

/// The ports that are meant where none is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
}

/// Of the HTTP API.
pub(crate) const HTTP: Ports = Ports { plain: 8500, tls: 8501 };
/// Of xDS.
pub(crate) const GRPC: Ports = Ports { plain: 8502, tls: 8503 };

impl Address {
    /// Where no TLS is spoken.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self::Tcp { host: address.ip().to_string(), port: address.port(), security: Security::Plain }
    }

    /// Reads an address; `what` names it in errors. One that names no scheme is of this `security`, and one
    /// that says `http://` as well: whoever has asked for TLS does not get less.
    ///
    /// # Errors
    /// It is no address.
    pub(crate) fn parse(text: &str, what: &str, ports: Ports, security: Security) -> Result<Self, Failure> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let (bare, security) = match text.strip_prefix("https://") {
            Some(bare) => (bare, Security::Tls),
            None => (text.strip_prefix("http://").unwrap_or(text), security),
        };
        let port = if security == Security::Tls { ports.tls } else { ports.plain };
        let found = split(bare.trim_end_matches('/'), port);
        let (host, port) = found.ok_or_else(|| {
            Failure::new(format!("{what} {text:?} is no address; write host:port, https://host:port or unix:///path"))
        })?;
        Ok(Self::Tcp { host, port, security })
    }

    /// Whether TLS is spoken there.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Tcp { security: Security::Tls, .. })
    }

    /// What a request calls its host.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

/// Host and port; an IPv6 address with a port stands in brackets.
fn split(text: &str, fallback: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, fallback),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let good = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/?#@".contains(c));
    good.then(|| (host.to_owned(), port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { security: Security::Tls, .. } => write!(f, "https://{}", self.authority()),
            Self::Tcp { security: Security::Plain, .. } => f.write_str(&self.authority()),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str, security: Security) -> String {
        Address::parse(text, "x", HTTP, security).unwrap().to_string()
    }

    #[test]
    fn addresses_are_read_in_all_forms() {
        for (text, wanted) in [
            ("127.0.0.1:8501", "127.0.0.1:8501"),
            ("http://agent.example:80/", "agent.example:80"),
            ("localhost", "localhost:8500"),
            ("[::1]:9", "[::1]:9"),
            ("::1", "[::1]:8500"),
            ("https://localhost", "https://localhost:8501"),
            ("https://[::1]:9/", "https://[::1]:9"),
            ("unix:///run/weft.sock", "unix:///run/weft.sock"),
        ] {
            assert_eq!(read(text, Security::Plain), wanted);
        }
    }

    #[test]
    fn who_has_asked_for_tls_gets_it() {
        for (text, wanted) in [
            ("localhost", "https://localhost:8501"),
            ("http://a:1", "https://a:1"),
            ("unix:///run/weft.sock", "unix:///run/weft.sock"),
        ] {
            assert_eq!(read(text, Security::Tls), wanted);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for text in ["", ":80", "a:b", "a b:1", "http://a/b:1", "https://", "https://a:1/b"] {
            let error = Address::parse(text, "--http-addr", HTTP, Security::Plain).unwrap_err();
            assert!(error.message.contains("--http-addr"), "{text}: {error}");
        }
    }
}
