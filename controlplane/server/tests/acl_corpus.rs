//! Requests with tokens of every kind, answered as a real Consul 1.8.7 with access control did (`acl/record.py`).
//!
//! A step with `weft` says what is answered instead, and `why`. That refusals say what is lacking, where 1.8.7 says no more than
//! `Permission denied`, is not said each time.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

#[path = "../../../api/tests/support/like.rs"]
mod like;
mod support;

use std::collections::BTreeMap;

use regex as _; // what `like` compares with
use serde_json::{Value, json};
use support::Client;
use weft_server::Agent;
use weft_server::config::{self, Flags};

const ROOT: &str = "11111111-1111-1111-1111-111111111111";

#[tokio::test]
async fn answers_with_access_control_are_like_the_recorded_ones() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acl.hcl");
    let tokens = format!("tokens {{ initial_management = \"{ROOT}\" }}");
    std::fs::write(&file, format!("acl {{ enabled = true\n default_policy = \"deny\"\n {tokens} }}")).unwrap();
    let flags = Flags { node: Some("n1".into()), config: vec![file], ..Flags::ephemeral() };
    let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
    let client = Client::of(&agent);

    let steps: Vec<Value> = serde_json::from_str(include_str!("acl/steps.json")).unwrap();
    assert!(steps.len() > 150, "{} steps", steps.len());
    let mut known = BTreeMap::from([("root".to_owned(), ROOT.to_owned())]);
    let mut failures = Vec::new();
    for step in &steps {
        assert_eq!(step.get("weft").is_some(), step["why"].is_string(), "{step}: say why");
        let (status, answer) = send(&client, &step["request"], &known).await;
        for (name, field) in step["take"].as_object().into_iter().flatten() {
            if let Some(value) = answer["json"][field.as_str().unwrap()].as_str() {
                known.insert(name.clone(), value.to_owned());
            }
        }
        let faults = unlike(step, status, &answer);
        if !faults.is_empty() {
            failures.push(format!("{}\n    {}", step["request"], faults.join("\n    ")));
        }
    }
    agent.shutdown().await;
    assert!(failures.is_empty(), "{} of {} steps:\n{}", failures.len(), steps.len(), failures.join("\n"));
}

/// The status, and the body as `json` or as `text`.
async fn send(client: &Client, request: &Value, known: &BTreeMap<String, String>) -> (u16, Value) {
    let filled =
        known.iter().fold(request.to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
    let request: Value = serde_json::from_str(&filled).unwrap();
    let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
    let mark = if path.contains('?') { '&' } else { '?' };
    let path = match request["token"].as_str() {
        Some(token) => format!("{path}{mark}token={}", known.get(token).map_or(token, String::as_str)),
        None => path.to_owned(),
    };
    let body = match (&request["json"], &request["text"]) {
        (Value::Null, text) => text.as_str().unwrap_or_default().to_owned(),
        (document, _) => document.to_string(),
    };
    let answer = client.call(method, &path, &body).await;
    let shown = match serde_json::from_str::<Value>(&answer.body) {
        Ok(json) => json!({"json": sorted(json)}),
        Err(_) => json!({"text": answer.body.trim()}),
    };
    (answer.status, shown)
}

fn unlike(step: &Value, status: u16, answer: &Value) -> Vec<String> {
    let expected = step.get("weft").unwrap_or(&step["consul"]);
    if expected["status"] != status {
        return vec![format!("status {status}, not {}: {answer}", expected["status"])];
    }
    match (expected["text"].as_str(), answer["text"].as_str()) {
        (Some(wanted), Some(found)) => {
            let denied = |text: &str| text.starts_with("Permission denied");
            let is_like =
                like::text_is_like(wanted, found) || (step.get("weft").is_none() && denied(wanted) && denied(found));
            if is_like { Vec::new() } else { vec![format!("text {found:?}, not {wanted:?}")] }
        }
        _ => like::differences(&sorted(expected["json"].clone()), &answer["json"]),
    }
}

/// Lists of rows are in the order of ids, which are made up.
fn sorted(mut value: Value) -> Value {
    if let Value::Array(rows) = &mut value {
        rows.sort_by_cached_key(|row| like::masked(row, &BTreeMap::new()).to_string());
    }
    value
}
