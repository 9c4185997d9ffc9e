//! Connections of probes, and how their failures are told.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpStream, lookup_host};

/// Where clouds keep the secrets of a machine over IPv6; over IPv4 it is a link-local address.
const CLOUD: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Connects to `HOST:PORT`.
///
/// # Errors
/// What went wrong, in the words that Consul's users know.
pub(super) async fn tcp(address: &str) -> Result<TcpStream, String> {
    let mut why = String::new();
    for candidate in resolve("tcp", address).await? {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                // Probes are short: nothing is worth being gathered.
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            Err(error) => why = format!("dial tcp {candidate}: connect: {}", reason(&error)),
        }
    }
    Err(why)
}

/// The addresses that `HOST:PORT` stands for. Whoever registers a check must not reach what only the
/// machine itself may ask.
pub(super) async fn resolve(network: &str, address: &str) -> Result<Vec<SocketAddr>, String> {
    let Some((host, port)) = split(address) else {
        return Err(format!("dial {network}: address {address}: missing port in address"));
    };
    let port: u16 = port.parse().map_err(|_| format!("dial {network}: lookup {port}: unknown port"))?;
    let found = lookup_host((host, port)).await;
    let found: Vec<_> = found.map_err(|_| format!("dial {network}: lookup {host}: no such host"))?.collect();
    match found.iter().find(|found| is_reserved(found.ip())) {
        Some(reserved) => Err(format!("dial {network} {reserved}: link-local addresses are not probed")),
        None => Ok(found),
    }
}

/// Host without brackets, and port.
pub(super) fn split(address: &str) -> Option<(&str, &str)> {
    let (host, port) = address.rsplit_once(':')?;
    Some((host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port))
}

fn is_reserved(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address == CLOUD,
    }
}

/// Failures of the system that have a name among network people.
const FAILURES: [(ErrorKind, &str); 5] = [
    (ErrorKind::ConnectionRefused, "connection refused"),
    (ErrorKind::ConnectionReset, "connection reset by peer"),
    (ErrorKind::HostUnreachable, "no route to host"),
    (ErrorKind::NetworkUnreachable, "network is unreachable"),
    (ErrorKind::TimedOut, "i/o timeout"),
];

/// A failure of the system in a few words.
pub(super) fn reason(error: &Error) -> String {
    let known = FAILURES.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| error.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_dialled_says_why() {
        assert_eq!(tcp("nohost").await.unwrap_err(), "dial tcp: address nohost: missing port in address");
        assert_eq!(tcp("127.0.0.1:x").await.unwrap_err(), "dial tcp: lookup x: unknown port");
        assert_eq!(tcp("127.0.0.1:1").await.unwrap_err(), "dial tcp 127.0.0.1:1: connect: connection refused");
        for secret in ["169.254.169.254:80", "[fd00:ec2::254]:80", "[::ffff:169.254.169.254]:80"] {
            let refused = tcp(secret).await.unwrap_err();
            assert!(refused.ends_with("link-local addresses are not probed"), "{refused}");
        }
    }
}
