//! Service definitions: sidecar defaults, check ids, and Consul's refusals.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use weft_model::catalog::{Node, ServiceKind};
use weft_model::decode::{self, Flavor};
use weft_model::registration::{Registration, ServiceDefinition};

const PORTS: (u16, u16) = (21000, 21255);

fn register(document: Value) -> Result<Registration, String> {
    let definition: ServiceDefinition =
        decode::from_value(document, Flavor::Body).map_err(|error| error.to_string())?;
    let node = Node { name: "n1".into(), address: "10.0.0.1".into(), ..Node::default() };
    definition.into_registration(&node, PORTS, false).map_err(|faults| faults.to_string())
}

#[test]
fn a_sidecar_inherits_from_its_parent() {
    let registration =
        register(json!({"Name": "web", "ID": "web-1", "Port": 80, "Tags": ["v1"], "Address": "10.1.1.1",
        "Connect": {"SidecarService": {"Proxy": {"Upstreams": [{"DestinationName": "db", "LocalBindPort": 9191}]}}}}))
        .unwrap();
    let [parent, sidecar] = registration.services.as_slice() else { panic!("two instances") };
    assert_eq!((parent.port_range, sidecar.port_range), (None, Some(PORTS)));
    let service = &sidecar.service;
    assert_eq!((service.id.as_str(), service.name.as_str()), ("web-1-sidecar-proxy", "web-sidecar-proxy"));
    assert_eq!(
        (service.kind, service.address.as_str(), service.tags.as_slice()),
        (ServiceKind::ConnectProxy, "10.1.1.1", &["v1".to_owned()][..])
    );
    assert_eq!(service.sidecar_of.as_ref().unwrap(), &"web-1");
    let proxy = service.proxy.as_ref().unwrap();
    assert_eq!((proxy.destination_service_name.as_str(), proxy.destination_service_id.as_str()), ("web", "web-1"));
    assert_eq!((proxy.local_service_address.as_str(), proxy.local_service_port), ("127.0.0.1", 80));
    let checks: Vec<_> =
        registration.checks.iter().map(|check| (check.id.as_str(), check.name.as_str(), check.kind.as_str())).collect();
    assert_eq!(
        checks,
        [
            ("service:web-1-sidecar-proxy:1", "Connect Sidecar Listening", "tcp"),
            ("service:web-1-sidecar-proxy:2", "Connect Sidecar Aliasing web-1", "alias"),
        ]
    );
    assert_eq!(registration.checks[0].definition.tcp, "10.1.1.1:0");
}

#[test]
fn check_ids_are_consuls() {
    let ids = |document| -> Vec<String> {
        register(document).unwrap().checks.iter().map(|check| check.id.as_str().to_owned()).collect()
    };
    assert_eq!(ids(json!({"Name": "web", "Check": {"TTL": "10s"}})), ["service:web"]);
    assert_eq!(
        ids(json!({"Name": "web", "Checks": [{"TTL": "10s"}, {"TTL": "5s"}]})),
        ["service:web:1", "service:web:2"]
    );
    assert_eq!(ids(json!({"Name": "web", "Check": {"TTL": "10s", "CheckID": "mine"}})), ["mine"]);
}

#[test]
fn definitions_are_refused_in_consuls_words() {
    let proxy = |proxy: Value| json!({"Name": "p", "Kind": "connect-proxy", "Port": 1, "Proxy": proxy});
    let cases = [
        (json!({"Port": 80}), "Missing service name"),
        (json!({"Name": "web", "Address": "0.0.0.0"}), "Invalid service address"),
        (json!({"Name": "web", "Weights": {"Passing": 0}}), "Invalid Weights: Passing must be greater than 0"),
        (
            json!({"Name": "web", "Meta": {"x y": "1"}}),
            "Invalid Service Meta: Couldn't load metadata pair ('x y', '1'): Key contains invalid characters",
        ),
        (
            json!({"Name": "web", "Check": {"TTL": "1s", "Interval": "1s"}}),
            "Invalid check: Interval and TTL cannot both be specified",
        ),
        (
            json!({"Name": "web", "Check": {"HTTP": "http://x"}}),
            "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks",
        ),
        (json!({"Name": "web", "Check": {"Name": "x"}}), "Invalid check: TTL must be > 0 for TTL checks"),
        (json!({"Name": "web", "Check": {"TTL": "1s", "Status": "fine"}}), "Bad check status"),
        (proxy(json!({})), "Proxy.DestinationServiceName must be non-empty for Connect proxy services"),
        (
            proxy(json!({"DestinationServiceName": "w", "Upstreams": [{"DestinationName": "a"}]})),
            "upstream local bind port cannot be zero",
        ),
        (
            proxy(json!({"DestinationServiceName": "w", "Upstreams": [
                {"DestinationName": "a", "LocalBindPort": 1},
                {"DestinationName": "b", "LocalBindPort": 1, "LocalBindAddress": "127.0.0.1"}]})),
            "upstreams cannot contain duplicates by local bind address and port; \"127.0.0.1:1\" is specified twice",
        ),
        (
            proxy(json!({"DestinationServiceName": "w", "Upstreams": [
                {"DestinationName": "a", "LocalBindPort": 1}, {"DestinationName": "a", "LocalBindPort": 2}]})),
            "upstreams cannot contain duplicates of [type=\"service\", name=\"a\", namespace=\"\", datacenter=\"\"]",
        ),
        (
            json!({"Name": "w", "Connect": {"SidecarService": {"ID": "x"}}}),
            "A SidecarService cannot specify an ID as this is managed by the agent",
        ),
    ];
    for (document, text) in cases {
        let refused = register(document.clone()).unwrap_err();
        assert!(refused.contains(text), "{document}: {refused}");
    }
}

#[test]
fn tokens_do_not_show_in_debug_output() {
    let document = json!({"Name": "web", "Token": "s3cr3t", "Check": {"TTL": "1s", "Token": "s3cr3t"}});
    let definition: ServiceDefinition = decode::from_value(document, Flavor::Body).unwrap();
    assert_eq!(definition.token.reveal(), "s3cr3t");
    assert!(!format!("{definition:?}").contains("s3cr3t"));
}
