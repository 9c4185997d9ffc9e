//! Where the control plane's gRPC is and whom to believe there, from what was said and what the agent says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weft_server::client_tls;

use crate::client::{Address, GRPC, Security};
use crate::failure::{Context, Failure};

/// The addresses that were `given`, else the agent's gRPC port on the host that its HTTP answered from. Of
/// two ports of the agent the one with TLS is taken where it can be verified: `knows_authority`.
pub(super) fn addresses(
    given: Option<&str>,
    http: &Address,
    agent: &Value,
    knows_authority: bool,
) -> Result<Vec<Address>, Failure> {
    if let Some(given) = given {
        let read = |one: &str| Address::parse(one.trim(), "gRPC address", GRPC, Security::Plain);
        let found = given.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
        if found.iter().any(|one| one.is_secure() != found[0].is_secure()) {
            return Err(Failure::new(format!("gRPC address {given:?}: all of them speak TLS, or none does")));
        }
        return Ok(found);
    }
    let host = match http {
        // An IP, so that Envoy need not ask for it again and again.
        Address::Tcp { host, .. } if host == "localhost" => "127.0.0.1".to_owned(),
        Address::Tcp { host, .. } => host.clone(),
        Address::Unix(_) => "127.0.0.1".to_owned(),
    };
    let (port, security) = port(agent, knows_authority)?;
    Ok(vec![Address::Tcp { host, port, security }])
}

/// What the agent says, in the places where Consul has said it over the years.
fn port(agent: &Value, knows_authority: bool) -> Result<(u16, Security), Failure> {
    let ports = &agent["xDS"]["Ports"];
    let open = |said: i64| u16::try_from(said).ok().filter(|port| *port > 0);
    let said = |places: &[&Value]| places.iter().find_map(|place| place.as_i64());
    let tls = said(&[&ports["TLS"], &agent["DebugConfig"]["GRPCTLSPort"]]).and_then(open);
    let plain = said(&[&ports["Plaintext"], &agent["xDS"]["Port"], &agent["DebugConfig"]["GRPCPort"]]);
    let plain = open(plain.unwrap_or(GRPC.plain.into()));
    match (tls, plain) {
        (Some(tls), _) if knows_authority => Ok((tls, Security::Tls)),
        (_, Some(plain)) => Ok((plain, Security::Plain)),
        (Some(tls), None) => Ok((tls, Security::Tls)),
        (None, None) => Err(Failure::new(
            "the agent's gRPC port is off, so no proxy can be served; set ports.grpc, or give --grpc-addr",
        )),
    }
}

/// The certificates of an authority, of the directory of several, or of the system's.
pub(super) fn authorities(authority: Option<&Path>) -> Result<String, Failure> {
    let path = match authority {
        Some(path) => path.to_owned(),
        None => client_tls::system_roots()
            .ok_or_else(|| Failure::new("this system has no root certificates: give --grpc-ca-file"))?,
    };
    let read = |file: &Path| {
        let text = fs::read_to_string(file).context(format!("cannot read {}", file.display()))?;
        if text.contains("BEGIN CERTIFICATE") {
            return Ok(text);
        }
        Err(Failure::new(format!("{}: there is no certificate in it (PEM)", file.display())))
    };
    if !path.is_dir() {
        return read(&path);
    }
    let entries = fs::read_dir(&path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let entries = entries.context(format!("cannot read {}", path.display()))?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(|file| file.is_file()).collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Envoy may run in another directory.
pub(super) fn absolute((cert, key): &(PathBuf, PathBuf)) -> Result<(PathBuf, PathBuf), Failure> {
    let absolute = |path: &Path| path.canonicalize().context(format!("cannot read {}", path.display()));
    Ok((absolute(cert)?, absolute(key)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::HTTP;

    fn found(given: Option<&str>, http: &str, agent: Value) -> Result<String, String> {
        found_by(given, http, agent, false)
    }

    fn found_by(given: Option<&str>, http: &str, agent: Value, knows_authority: bool) -> Result<String, String> {
        let http = Address::parse(http, "x", HTTP, Security::Plain).unwrap();
        let found = addresses(given, &http, &agent, knows_authority).map_err(|failure| failure.message)?;
        Ok(found.iter().map(Address::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_given_wins_then_what_the_agent_says() {
        assert_eq!(found(Some("http://a:7"), "b:1", json!({})).unwrap(), "a:7");
        assert_eq!(found(Some("a"), "b:1", json!({})).unwrap(), "a:8502");
        assert_eq!(found(Some("a, 10.0.0.2:7"), "b:1", json!({})).unwrap(), "a:8502 10.0.0.2:7");
        assert!(found(Some("a,"), "b:1", json!({})).is_err());
        let newer = json!({"xDS": {"Port": 1, "Ports": {"Plaintext": 5}}, "DebugConfig": {"GRPCPort": 2}});
        assert_eq!(found(None, "b:1", newer).unwrap(), "b:5");
        assert_eq!(found(None, "localhost:1", json!({"DebugConfig": {"GRPCPort": 2}})).unwrap(), "127.0.0.1:2");
        assert_eq!(found(None, "unix:///x", json!({})).unwrap(), "127.0.0.1:8502");
    }

    #[test]
    fn tls_is_taken_where_it_can_be_verified_or_is_all_there_is() {
        let both = || json!({"xDS": {"Ports": {"Plaintext": 5, "TLS": 6}}});
        assert_eq!(found_by(None, "b:1", both(), true).unwrap(), "https://b:6");
        assert_eq!(found_by(None, "b:1", both(), false).unwrap(), "b:5");
        let secure = json!({"xDS": {"Ports": {"Plaintext": -1, "TLS": 6}}});
        assert_eq!(found(None, "https://b:1", secure).unwrap(), "https://b:6");
        assert_eq!(found(Some("https://a,https://c:1"), "b", json!({})).unwrap(), "https://a:8503 https://c:1");
        assert!(found(Some("https://a,c:1"), "b", json!({})).unwrap_err().contains("or none does"));
    }

    #[test]
    fn a_port_that_is_off_is_named() {
        for port in [-1, 0] {
            assert!(found(None, "b:1", json!({"DebugConfig": {"GRPCPort": port}})).unwrap_err().contains("is off"));
        }
    }
}
