//! TLS from Envoy to the control plane: who it is, is verified by its authority and its name.

use std::net::IpAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::Trust;
use crate::client::Address;

/// The transport socket of the control plane's cluster.
pub(super) fn socket(to: &[Address], trust: &Trust) -> Value {
    let names: Vec<&str> = match &trust.server_name {
        Some(name) => vec![name],
        None => to.iter().filter_map(host).collect(),
    };
    let mut common = json!({
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_2" },
        "alpn_protocols": ["h2"],
        "validation_context": {
            "trusted_ca": { "inline_string": trust.authorities },
            "match_typed_subject_alt_names": names.iter().map(|name| matcher(name)).collect::<Vec<_>>(),
        },
    });
    if let Some((cert, key)) = &trust.own {
        common["tls_certificates"] = json!([{ "certificate_chain": file(cert), "private_key": file(key) }]);
    }
    let mut context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": common,
    });
    // There is one for all of the cluster, and none for addresses.
    if let [name] = names.as_slice()
        && name.parse::<IpAddr>().is_err()
    {
        context["sni"] = json!(name);
    }
    json!({ "name": "tls", "typed_config": context })
}

fn host(address: &Address) -> Option<&str> {
    match address {
        Address::Tcp { host, .. } => Some(host),
        Address::Unix(_) => None,
    }
}

fn matcher(name: &str) -> Value {
    let kind = if name.parse::<IpAddr>().is_ok() { "IP_ADDRESS" } else { "DNS" };
    json!({ "san_type": kind, "matcher": { "exact": name } })
}

fn file(path: &Path) -> Value {
    json!({ "filename": path })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::client::{GRPC, Security};

    fn context(to: &[&str], trust: &Trust) -> Value {
        let parse = |text: &&str| Address::parse(text, "x", GRPC, Security::Tls).unwrap();
        let mut socket = socket(&to.iter().map(parse).collect::<Vec<_>>(), trust);
        socket["typed_config"].take()
    }

    #[test]
    fn the_control_plane_is_known_by_the_hosts_of_its_addresses_or_by_a_name() {
        let hosts = context(&["10.0.0.1", "weft.example"], &Trust::default());
        let names = &hosts["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"];
        assert_eq!(names[0], json!({ "san_type": "IP_ADDRESS", "matcher": { "exact": "10.0.0.1" } }));
        assert_eq!(names[1], json!({ "san_type": "DNS", "matcher": { "exact": "weft.example" } }));
        assert!(hosts.get("sni").is_none());
        let named = Trust { server_name: Some("server.dc1.consul".to_owned()), ..Trust::default() };
        assert_eq!(context(&["10.0.0.1"], &named)["sni"], "server.dc1.consul");
    }

    #[test]
    fn envoy_shows_its_certificate_where_it_has_one() {
        let trust = Trust { own: Some(("/c.pem".into(), "/k.pem".into())), ..Trust::default() };
        let shown = &context(&["10.0.0.1"], &trust)["common_tls_context"]["tls_certificates"];
        let wanted =
            json!([{ "certificate_chain": { "filename": "/c.pem" }, "private_key": { "filename": "/k.pem" } }]);
        assert_eq!(*shown, wanted);
        assert!(context(&["10.0.0.1"], &Trust::default())["common_tls_context"].get("tls_certificates").is_none());
    }
}
