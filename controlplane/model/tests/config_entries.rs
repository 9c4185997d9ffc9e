//! Config entries: what is accepted, what it becomes, and how what is wrong is named.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use weft_model::config_entry::{ConfigEntry, KINDS, Kind, Mesh, ServiceIntentions};

/// The text that refuses a document; panics when it is accepted.
fn refusal(document: Value) -> String {
    match ConfigEntry::decode(document) {
        Err(error) => error.to_string(),
        Ok(entry) => entry.validate().unwrap_err().to_string(),
    }
}

fn accepted(document: Value) -> ConfigEntry {
    let entry = ConfigEntry::decode(document).unwrap();
    entry.validate().unwrap();
    entry
}

#[test]
fn documents_are_refused_with_their_fault() {
    let intentions = |sources: Value| json!({"Kind": "service-intentions", "Name": "web", "Sources": sources});
    let permission =
        |http: Value| intentions(json!([{"Name": "api", "Permissions": [{"Action": "allow", "HTTP": http}]}]));
    let cases = [
        (json!({"Name": "web"}), "Payload does not contain a kind/Kind key at the top level"),
        (json!({"Kind": "bogus"}), "invalid config entry kind: bogus"),
        (json!({"Kind": "mesh", "Foo": 1}), "1 error occurred:\n\t* invalid config key \"Foo\"\n\n"),
        (json!({"Kind": "service-defaults"}), "Name is required"),
        (json!({"Kind": "proxy-defaults", "Name": "x"}), "invalid name (\"x\"), only \"global\" is supported"),
        (intentions(json!([])), "At least one source is required"),
        (intentions(json!([{"Action": "allow"}])), "Sources[0].Name is required"),
        (intentions(json!([{"Name": "api"}])), "Sources[0].Action must be set to 'allow' or 'deny'"),
        (
            intentions(json!([{"Name": "api", "Action": "maybe"}])),
            "Sources[0].Action: \"maybe\" is not one of \"allow\", \"deny\"",
        ),
        (permission(json!({})), "Sources[0].Permissions[0].HTTP should not be empty"),
        (
            permission(json!({"PathExact": "/a", "PathPrefix": "/b"})),
            "Sources[0].Permissions[0].HTTP should only contain at most one of PathExact, PathPrefix, or PathRegex",
        ),
        (
            permission(json!({"PathPrefix": "a"})),
            "Sources[0].Permissions[0].HTTP.PathPrefix doesn't start with '/': \"a\"",
        ),
        (
            permission(json!({"Header": [{"Name": "x"}]})),
            "Sources[0].Permissions[0].HTTP.Header[0] should contain exactly one of Present, Exact, Prefix, Suffix, Contains, or Regex",
        ),
        (
            intentions(json!([{"Name": "a", "Action": "deny"}, {"Name": "a", "Action": "allow"}])),
            "Sources[1] defines \"a\" more than once",
        ),
        (
            json!({"Kind": "service-intentions", "Name": "*", "Sources": [{"Name": "a", "Permissions": [{"Action": "deny", "HTTP": {"PathExact": "/"}}]}]}),
            "Sources[0].Permissions cannot be specified on intentions with wildcarded destinations",
        ),
    ];
    for (document, text) in cases {
        assert_eq!(refusal(document.clone()), text, "{document}");
    }
    let regex = refusal(permission(json!({"PathRegex": "a("})));
    assert!(regex.starts_with("Sources[0].Permissions[0].HTTP.PathRegex is not a valid regular expression"), "{regex}");
}

#[test]
fn all_faults_are_listed_at_once() {
    let text = refusal(json!({"Kind": "service-intentions", "Sources": [
        {"Action": "allow"},
        {"Name": "b", "Action": "deny", "Permissions": [{"HTTP": {"PathExact": "x"}}]},
    ]}));
    for fault in [
        "5 errors occurred:",
        "Name is required",
        "Sources[0].Name",
        "Sources[1].Action must be omitted",
        "Permissions[0].Action",
        "PathExact",
    ] {
        assert!(text.contains(fault), "{fault}: {text}");
    }
}

#[test]
fn snake_case_reads_like_camel_case() {
    let snake = json!({"kind": "service-defaults", "name": "web", "protocol": "HTTP",
        "upstream_config": {"defaults": {"connect_timeout_ms": 7, "limits": {"max_connections": 3}}}});
    let camel = json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http",
        "UpstreamConfig": {"Defaults": {"ConnectTimeoutMs": 7, "Limits": {"MaxConnections": 3}}}});
    assert_eq!(accepted(snake), accepted(camel));
}

#[test]
fn sources_are_kept_by_precedence() {
    let entry = accepted(json!({"Kind": "service-intentions", "Name": "web", "Sources": [
        {"Name": "*", "Action": "deny", "Precedence": 99},
        {"Name": "api", "Action": "allow"},
    ]}));
    let entry = entry.document::<ServiceIntentions>().unwrap();
    let order: Vec<_> = entry.sources.iter().map(|source| (source.name.as_str(), source.precedence)).collect();
    assert_eq!(order, [("api", 9), ("*", 8)]);
    assert!(entry.sources.iter().all(|source| source.source_type == "consul"));
}

#[test]
fn every_kind_is_found_by_its_name_and_decodes_to_itself() {
    for row in KINDS {
        let entry = ConfigEntry::decode(json!({"kind": row.name})).unwrap();
        assert_eq!((entry.kind(), row.kind.as_str()), (row.kind, row.name));
        assert_eq!(Kind::parse(row.name), Some(row.kind));
        assert_eq!(entry.document::<Mesh>().is_some(), row.kind == Kind::Mesh);
    }
}

#[test]
fn a_stored_entry_reads_back_equal() {
    for document in [
        json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http", "MaxInboundConnections": 7,
            "UpstreamConfig": {"Overrides": [{"Name": "api", "ConnectTimeoutMs": 5}]}}),
        json!({"Kind": "mesh", "TLS": {"Incoming": {"TLSMinVersion": "TLSv1_2"}}}),
        json!({"Kind": "proxy-defaults", "Name": "global", "Config": {"protocol": "grpc", "local_connect_timeout_ms": 5}}),
        json!({"Kind": "service-intentions", "Name": "web", "Sources": [{"Name": "api", "Permissions": [
            {"Action": "allow", "HTTP": {"PathPrefix": "/", "Methods": ["get"], "Header": [{"Name": "x", "Present": true}]}}]}]}),
    ] {
        let entry = accepted(document);
        let bytes = serde_json::to_vec(&entry).unwrap();
        assert_eq!(serde_json::from_slice::<ConfigEntry>(&bytes).unwrap(), entry);
    }
}
