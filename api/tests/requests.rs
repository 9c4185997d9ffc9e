//! What requests may not do: be too large, leave something half written, or learn a secret.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::stream;
use serde_json::{Value, json};
use support::Agent;
use tower::ServiceExt as _;
use weft_model::intention::DefaultPolicy;

#[tokio::test]
async fn bodies_above_the_limit_are_refused_however_they_are_sent() {
    let agent = Agent::start().await;
    let large = json!({"Name": "web", "Meta": {"a": "x".repeat(600 * 1024)}}).to_string();
    let length = large.len().to_string();
    let declared =
        agent.send("PUT", "/v1/agent/service/register", &[("content-length", length.as_str())], &large).await;
    assert_eq!(declared.status, 413);
    assert_eq!(declared.text, format!("Request body({length} bytes) too large, max size: 524288 bytes."));

    let chunks: Vec<_> =
        large.as_bytes().chunks(10_000).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect();
    let chunked = Request::put("/v1/agent/service/register").body(Body::from_stream(stream::iter(chunks))).unwrap();
    assert_eq!(agent.router.clone().oneshot(chunked).await.unwrap().status(), 413);

    let output = json!({"Status": "passing", "Output": "x".repeat(70_000)});
    assert_eq!(agent.put("/v1/agent/check/update/c", output).await.status, 413);
    let sources: Vec<_> = (0..5000).map(|n| json!({"Name": format!("source-{n}"), "Action": "allow"})).collect();
    let entry = json!({"Kind": "service-intentions", "Name": "web", "Sources": sources});
    assert_eq!(agent.put("/v1/config", entry).await.status, 200, "thousands of sources fit");
}

#[tokio::test]
async fn a_refused_registration_leaves_nothing_behind() {
    let agent = Agent::start().await;
    let before = agent.store.current().index();
    let bad_sidecar = json!({"Name": "web", "Port": 80, "Check": {"TTL": "1h"},
        "Connect": {"SidecarService": {"Proxy": {"Upstreams": [{"DestinationName": "", "LocalBindPort": 0}]}}}});
    let refused = agent.put("/v1/agent/service/register", bad_sidecar).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("upstream destination name cannot be empty"), "{}", refused.text);
    assert!(refused.text.contains("upstream local bind port cannot be zero"), "all faults: {}", refused.text);
    assert_eq!(agent.store.current().index(), before, "nothing was proposed");

    let bad_check = json!({"Node": "n2", "Address": "10.0.0.2", "Service": {"Service": "db"},
        "Checks": [{"Name": "ok", "ServiceID": "db"}, {"Name": "lost", "ServiceID": "none"}]});
    let refused = agent.put("/v1/catalog/register", bad_check).await;
    assert_eq!(refused.status, 500);
    assert_eq!(agent.get("/v1/catalog/node/n2").await.json(), Value::Null);
}

#[tokio::test]
async fn a_write_goes_on_when_its_client_hangs_up() {
    let agent = Agent::start().await;
    let put = agent.put("/v1/agent/service/register", json!({"Name": "web", "Port": 80}));
    // One poll hands the request over; then its client is gone.
    let hung_up = futures::future::select(Box::pin(put), Box::pin(tokio::task::yield_now())).await;
    drop(hung_up);
    let found = async {
        while agent.get("/v1/agent/service/web").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), found).await.expect("the write was finished");
}

#[tokio::test]
async fn no_answer_holds_a_private_key_but_the_leaf() {
    let agent = Agent::start().await;
    let config =
        json!({"Provider": "consul", "Config": {"LeafCertTTL": "48h", "PrivateKey": "hidden", "RootCert": ""}});
    agent.put("/v1/connect/ca/configuration", config).await;
    for path in [
        "/v1/connect/ca/roots",
        "/v1/connect/ca/roots?pem=true",
        "/v1/agent/connect/ca/roots",
        "/v1/connect/ca/configuration",
        "/v1/agent/self",
    ] {
        let answered = agent.get(path).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.text);
        assert!(!answered.text.contains("PRIVATE KEY") && !answered.text.contains("root-secret"), "{path}");
    }
    assert!(agent.get("/v1/agent/connect/ca/leaf/web").await.text.contains("EC PRIVATE KEY"));
}

#[tokio::test]
async fn every_answer_says_what_it_is() {
    let agent = Agent::start_with(DefaultPolicy::Deny).await;
    for (method, path) in [
        ("GET", "/v1/catalog/nodes"),
        ("GET", "/v1/unknown/<script>"),
        ("GET", "//v1/catalog/nodes"),
        ("POST", "/v1/catalog/nodes"),
        ("PUT", "/v1/agent/service/register"),
        ("GET", "/v1/agent/service/<script>"),
        ("GET", "/v1/catalog/nodes?filter=<b>"),
        ("GET", "/v1/catalog/nodes?filter=%zz"),
        ("OPTIONS", "/v1/config"),
        ("GET", "/"),
    ] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let answered = agent.send(method, &path, &[], "").await;
        assert_eq!(answered.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answered.header("x-consul-default-acl-policy"), "deny", "{path}");
        assert_eq!(answered.headers.get_all("vary").iter().count(), 1, "{path}");
        let content_type = answered.header("content-type");
        assert!(
            ["", "application/json", "text/plain; charset=utf-8"].contains(&content_type),
            "{path}: {content_type}"
        );
        assert!(!content_type.is_empty() || answered.text.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn default_deny_denies_where_no_intention_matches() {
    let agent = Agent::start_with(DefaultPolicy::Deny).await;
    let check = "/v1/connect/intentions/check?source=api&destination=web";
    assert_eq!(agent.get(check).await.json(), json!({"Allowed": false}));
    agent.done("/v1/connect/intentions/exact?source=api&destination=web", json!({"Action": "allow"})).await;
    assert_eq!(agent.get(check).await.json(), json!({"Allowed": true}));
}

#[tokio::test]
async fn gzip_is_sent_to_those_who_ask_where_it_is_worth_it() {
    let agent = Agent::start().await;
    agent.send("PUT", "/v1/kv/small", &[], "x").await;
    agent.send("PUT", "/v1/kv/large", &[], &"x".repeat(10_000)).await;
    let gzip = [("accept-encoding", "gzip")];
    let zipped = agent.send("GET", "/v1/kv/large", &gzip, "").await;
    assert_eq!((zipped.header("content-encoding"), zipped.header("vary")), ("gzip", "Accept-Encoding"));
    assert_eq!(agent.get("/v1/kv/large").await.header("content-encoding"), "");
    assert_eq!(agent.send("GET", "/v1/kv/small", &gzip, "").await.header("content-encoding"), "");
}

/// Traefik zips the two lists by position.
#[tokio::test]
async fn catalog_and_health_list_instances_in_the_same_order() {
    let agent = Agent::start().await;
    for (node, id) in [("n3", "b"), ("n2", "z"), ("n3", "a"), ("n2", "c")] {
        let body = json!({"Node": node, "Address": "10.0.0.1", "Service": {"ID": id, "Service": "web"}});
        agent.done("/v1/catalog/register", body).await;
    }
    let catalog = agent.get("/v1/catalog/service/web").await.json();
    let health = agent.get("/v1/health/service/web").await.json();
    let places: Vec<_> = catalog.as_array().unwrap().iter().map(|row| (&row["Node"], &row["ServiceID"])).collect();
    let others: Vec<_> =
        health.as_array().unwrap().iter().map(|row| (&row["Node"]["Node"], &row["Service"]["ID"])).collect();
    assert_eq!(places, others);
    assert_eq!(
        places,
        [("n2", "c"), ("n2", "z"), ("n3", "a"), ("n3", "b")]
            .map(|(node, id)| (node.into(), id.into()))
            .iter()
            .map(|(a, b): &(Value, Value)| (a, b))
            .collect::<Vec<_>>()
    );
}

/// Clients read one thing and write it back.
#[tokio::test]
async fn what_is_shown_can_be_sent_back() {
    let agent = Agent::start().await;
    agent
        .done("/v1/agent/service/register", json!({"Name": "web", "Port": 80, "Connect": {"SidecarService": {}}}))
        .await;
    let node = agent.get("/v1/catalog/node/n1").await.json();
    for service in node["Services"].as_object().unwrap().values().filter(|service| service["ID"] != "consul") {
        let body = json!({"Node": "n1", "SkipNodeUpdate": true, "Service": service});
        agent.done("/v1/catalog/register", body).await;
    }
    for check in agent.get("/v1/health/node/n1").await.json().as_array().unwrap() {
        agent.done("/v1/catalog/register", json!({"Node": "n1", "SkipNodeUpdate": true, "Check": check})).await;
    }
    for entry in [json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"}), json!({"Kind": "mesh"})] {
        agent.done("/v1/config", entry).await;
    }
    for path in ["/v1/config/service-defaults/web", "/v1/config/mesh/mesh"] {
        let entry = agent.get(path).await;
        agent.done("/v1/config", entry.json()).await;
        assert_eq!(agent.get(path).await.index(), entry.index(), "the same again changes nothing");
    }
    agent.done("/v1/connect/ca/configuration", agent.get("/v1/connect/ca/configuration").await.json()).await;
    let intention = "/v1/connect/intentions/exact?source=a&destination=b";
    agent.done(intention, json!({"Action": "allow"})).await;
    agent.done(intention, agent.get(intention).await.json()).await;
}

#[tokio::test]
async fn the_document_is_served_at_both_paths() {
    let agent = Agent::start().await;
    let document = agent.get("/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, agent.get("/v1/weft/openapi.json").await.json());
}

/// Every documented operation exists: a request to it is not told that the path or method is unknown.
#[tokio::test]
async fn every_documented_operation_is_served() {
    let agent = Agent::start().await;
    let document = agent.get("/v1/openapi.json").await.json();
    let paths: BTreeMap<String, Value> = serde_json::from_value(document["paths"].clone()).unwrap();
    for (path, verbs) in paths {
        let concrete = path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
        let concrete = concrete.collect::<Vec<_>>().join("/");
        let mut allowed = vec!["OPTIONS".to_owned()];
        for verb in verbs.as_object().unwrap().keys().map(|verb| verb.to_uppercase()) {
            if concrete == "/v1/agent/metrics/stream" {
                assert_eq!(agent.begin(&concrete).await.0, 200, "it has no end");
                allowed.push(verb);
                continue;
            }
            let answered = agent.send(&verb, &concrete, &[], "").await;
            assert!(answered.status != 405 && !answered.text.contains("Invalid URL path"), "{verb} {path}");
            let documented = &document["paths"][&path][verb.to_lowercase()]["responses"];
            assert!(documented.get(answered.status.to_string()).is_some(), "{verb} {path}: {}", answered.status);
            allowed.push(verb);
        }
        let options = agent.send("OPTIONS", &concrete, &[], "").await;
        let listed = options.header("allow").split(',').count();
        assert!(listed >= allowed.len(), "{path}: {}", options.header("allow"));
    }
}
