//! Watches of an agent that runs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use weft_model::{Command, KvOp, KvVerb};

use super::*;
use crate::app::Agent;
use crate::config::{self, Flags};

#[test]
fn a_watch_without_sense_says_why() {
    let cases = [
        (json!({"type": "nope", "args": ["x"]}), "Unsupported watch type: nope"),
        (json!({"type": "connect_leaf", "service": "a", "args": ["x"]}), "Watch type connect_leaf is not allowed"),
        (json!({"type": "key", "args": ["x"]}), "Must specify a single key to watch"),
        (json!({"args": ["x"]}), "Must specify a single type"),
        (json!({"type": "nodes"}), "Must define a watch handler"),
        (json!({"type": "nodes", "args": ["x"], "handler": "y"}), "Only one watch handler allowed"),
        (json!({"type": "nodes", "args": ["x"], "zz": 1}), "zz is not a known key"),
        (json!({"type": "nodes", "handler_type": "zip", "args": ["x"]}), "Handler type 'zip' not recognized"),
        (json!({"type": "nodes", "handler_type": "http", "http_handler_config": {}}), "Requires 'path' to be set"),
    ];
    for (written, fault) in cases {
        let found = read(&json!([written])).unwrap_err();
        assert!(found.starts_with(&format!("[0]: {fault}")), "{written} {found}");
    }
    let prefix = &read(&json!({"type": "keyprefix", "prefix": "a b/", "handler": "x"})).unwrap()[0];
    assert_eq!((prefix.query.path.as_str(), &prefix.handler), ("/v1/kv/a%20b/", &Handler::Shell("x".to_owned())));
}

#[tokio::test]
async fn a_change_is_told_to_a_command_and_a_reload_changes_the_watches() {
    let dir = TempDir::new().unwrap();
    let (file, out) = (dir.path().join("weft.json"), dir.path().join("out"));
    let watch = |name: &str| {
        let line = format!("echo {name} $CONSUL_INDEX \"$(cat)\" >> {}", out.display());
        json!({"watches": [{"type": "key", "key": "a", "args": ["sh", "-c", line]}]}).to_string()
    };
    fs::write(&file, watch("one")).unwrap();
    let agent = start(&file).await;
    until(&out, |told| told.starts_with("one ") && told.ends_with(" null\n")).await;
    put(&agent, "x").await;
    until(&out, |told| told.lines().count() == 2 && told.contains("\"Value\":\"eA==\"")).await;
    fs::write(&file, watch("two")).unwrap();
    weft_api::host::Reload::reload(agent.reloads()).await.unwrap();
    until(&out, |told| told.lines().last().is_some_and(|line| line.starts_with("two "))).await;
    put(&agent, "y").await;
    let told = until(&out, |told| told.contains("\"Value\":\"eQ==\"")).await;
    assert_eq!(told.matches("one ").count(), 2, "{told}");
    agent.shutdown().await;
}

#[tokio::test]
async fn a_change_is_told_to_an_endpoint_with_its_index() {
    let (tell, mut told) = mpsc::channel(16);
    let hear = move |headers: HeaderMap, body: String| async move { tell.send((headers, body)).await.unwrap() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/changed?of=a", listener.local_addr().unwrap());
    let endpoint = Router::new().route("/changed", axum::routing::put(hear));
    let endpoint = AbortOnDropHandle::new(tokio::spawn(weft_api::serve(listener, endpoint, std::future::pending())));
    let how = json!({"path": url, "method": "PUT", "header": {"X-Mine": ["1", "2"]}, "timeout": "30s"});
    let watch = json!({"type": "key", "key": "a", "handler_type": "http", "http_handler_config": how});
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("weft.json");
    fs::write(&file, json!({"watches": [watch]}).to_string()).unwrap();
    let agent = start(&file).await;
    let mut former = 0;
    // That there is no such key yet is not told.
    for (value, written) in [("x", "eA=="), ("y", "eQ==")] {
        put(&agent, value).await;
        let (headers, body) = timeout(Duration::from_secs(30), told.recv()).await.unwrap().unwrap();
        let found: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&found["Key"], &found["Value"]), (&json!("a"), &json!(written)));
        let index: u64 = headers["x-consul-index"].to_str().unwrap().parse().unwrap();
        assert!(index > former && found["ModifyIndex"] == index, "{index} after {former}: {found}");
        former = index;
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers.get_all("x-mine").iter().collect::<Vec<_>>(), ["1", "2"]);
    }
    agent.shutdown().await;
    drop(endpoint);
}

async fn start(file: &Path) -> Agent {
    let flags = Flags { config: vec![file.to_owned()], ..Flags::ephemeral() };
    Agent::start(config::load(&flags).unwrap()).await.unwrap()
}

async fn put(agent: &Agent, value: &'static str) {
    let op = KvOp { value: value.into(), ..KvOp::new(KvVerb::Set, "a") };
    agent.store().propose(Command::Kv(op)).await.unwrap();
}

async fn until(file: &Path, wish: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let told = fs::read_to_string(file).unwrap_or_default();
        if wish(&told) {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{told}");
        sleep(Duration::from_millis(20)).await;
    }
}
