//! Where the control plane's gRPC is, from what was said and what the agent says.

use serde_json::Value;

use crate::client::Address;
use crate::failure::Failure;

const DEFAULT_PORT: u16 = 8502;

/// The addresses that were `given`, else the agent's gRPC port on the host that its HTTP answered from.
pub(super) fn addresses(given: Option<&str>, http: &Address, agent: &Value) -> Result<Vec<Address>, Failure> {
    if let Some(given) = given {
        return given.split(',').map(|one| Address::parse(one.trim(), "gRPC address", DEFAULT_PORT)).collect();
    }
    let host = match http {
        // An IP, so that Envoy need not ask for it again and again.
        Address::Tcp { host, .. } if host == "localhost" => "127.0.0.1".to_owned(),
        Address::Tcp { host, .. } => host.clone(),
        Address::Unix(_) => "127.0.0.1".to_owned(),
    };
    Ok(vec![Address::Tcp { host, port: port(agent)? }])
}

/// What the agent says, in the places where Consul has said it over the years.
fn port(agent: &Value) -> Result<u16, Failure> {
    let places = [&agent["xDS"]["Ports"]["Plaintext"], &agent["xDS"]["Port"], &agent["DebugConfig"]["GRPCPort"]];
    let said = places.into_iter().find_map(Value::as_i64).unwrap_or(DEFAULT_PORT.into());
    u16::try_from(said).ok().filter(|port| *port > 0).ok_or_else(|| {
        Failure::new("the agent's gRPC port is off, so no proxy can be served; set ports.grpc, or give --grpc-addr")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(given: Option<&str>, http: &str, agent: Value) -> Result<String, String> {
        let http = Address::parse(http, "x", 8500).unwrap();
        let found = addresses(given, &http, &agent).map_err(|failure| failure.message)?;
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
    fn a_port_that_is_off_is_named() {
        for port in [-1, 0] {
            assert!(found(None, "b:1", json!({"DebugConfig": {"GRPCPort": port}})).unwrap_err().contains("is off"));
        }
    }
}
