//! Addresses of servers to join, as people write them.

use std::net::{IpAddr, SocketAddr};

/// Servers listen on 8300 unless told otherwise.
pub(super) const SERVER_PORT: u16 = 8300;

/// `HOST:PORT` of what may come without a port. A name need not be known to anybody yet.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fault = |why: &str| Err(format!("{text:?} {why}: give HOST or HOST:PORT"));
    if text.is_empty() {
        return fault("is no address");
    }
    if text.contains("://") {
        return fault("is a URL");
    }
    if text.contains("provider=") {
        return fault("asks a cloud provider, which is not supported");
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, SERVER_PORT).to_string());
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return if address.port() == 0 {
            fault("has no port that one can connect to")
        } else {
            Ok(address.to_string())
        };
    }
    let (host, port) = text.split_once(':').unwrap_or((text, "8300"));
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return fault("has no port that one can connect to");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let numbers = host.split('.').next_back().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if numbers || !host.chars().all(plain) {
        return fault("is neither an address nor a name");
    }
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_a_port() {
        for (text, meant) in [
            ("10.0.0.1", "10.0.0.1:8300"),
            (" 10.0.0.1:9300 ", "10.0.0.1:9300"),
            ("::1", "[::1]:8300"),
            ("[::1]", "[::1]:8300"),
            ("[::1]:9300", "[::1]:9300"),
            ("localhost", "localhost:8300"),
            ("s-1.a_b.example:9300", "s-1.a_b.example:9300"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(meant));
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_said_to_be_none() {
        for (text, why) in [
            ("", "is no address"),
            ("http://10.0.0.1:8500", "is a URL"),
            ("provider=aws tag_key=a", "asks a cloud provider"),
            ("10.0.0.1:99999", "has no port"),
            ("10.0.0.1:0", "has no port"),
            ("name:", "has no port"),
            ("a b", "is neither"),
            ("10.0.0.256", "is neither"),
            ("10.0.0", "is neither"),
            ("n1,n2", "is neither"),
        ] {
            let said = address(text);
            assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{text}: {said:?}");
        }
    }
}
