//! Replays requests whose answers were recorded from a real Consul 1.8.7 (`tests/corpus/record.py`), and
//! holds every answer against the OpenAPI document.
//!
//! A step with `weft` says what is answered instead, and `why`: where later versions of Consul changed
//! something, where 1.8.7 has a fault, or where its text tells Go's types. Steps without `consul` are of
//! endpoints that it does not have. `UPDATE_GOLDEN=1` writes what is answered now; read the diff, and say
//! why where it says `?`.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use support::like::{self, differences, text_is_like};
use support::{Agent, Answered, schema};

#[tokio::test]
async fn answers_are_like_the_recorded_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let (mut steps, mut failures) = (0, Vec::new());
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut recorded: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        steps += recorded.len();
        failures.extend(replay(&mut recorded).await.into_iter().map(|failure| format!("{name} {failure}")));
        if updating() {
            let lines: Vec<_> = recorded.iter().map(ToString::to_string).collect();
            std::fs::write(&file, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
        }
    }
    assert!(steps > 100, "{steps} steps");
    assert!(failures.is_empty(), "{} of {steps} steps:\n{}", failures.len(), failures.join("\n"));
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

async fn replay(steps: &mut [Value]) -> Vec<String> {
    let agent = Agent::start().await;
    let document = agent.get("/v1/weft/openapi.json").await.json();
    let (mut known, mut indexes, mut failures) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for step in steps {
        let request = filled(&filled(&step["request"], &known), &indexes);
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let answered = send(&agent, &request).await;
        if let Some(name) = step["index"].as_str() {
            indexes.insert(name.to_owned(), answered.json()[0]["ModifyIndex"].to_string());
        }
        if let Some(name) = step["capture"].as_str() {
            known.insert(name.to_owned(), answered.json()["ID"].as_str().unwrap().to_owned());
        }
        let mut faults = unlike(&filled(&expected(step), &known), &answered);
        if !faults.is_empty() && updating() {
            step["weft"] = ours(step, &answered, &known);
            faults.clear();
        }
        let differs = step.get("weft").is_some() && step.get("consul").is_some();
        if let (true, None | Some("" | "?")) = (differs, step["why"].as_str()) {
            match updating() {
                true => step["why"] = "?".into(),
                false => faults.push("it is not said why".into()),
            }
        }
        let is_json =
            answered.header("content-type") == "application/json" && answered.header("content-encoding").is_empty();
        let body = is_json.then(|| answered.json());
        if !matches!(answered.status, 301) && !matches!(method, "OPTIONS" | "HEAD") {
            faults.extend(schema::faults(&document, method, path, answered.status, body.as_ref()));
        }
        if !faults.is_empty() {
            let body = step["request"].get("json").or(step["request"].get("text")).unwrap_or(&Value::Null);
            failures.push(format!("{method} {path} {body}\n    {}", faults.join("\n    ")));
        }
    }
    failures
}

async fn send(agent: &Agent, request: &Value) -> Answered {
    let headers: Vec<_> = request["headers"].as_object().into_iter().flatten().collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let body = match (&request["json"], &request["text"]) {
        (Value::Null, Value::String(text)) => {
            text.repeat(usize::try_from(request["times"].as_u64().unwrap_or(1)).unwrap())
        }
        (Value::Null, _) => String::new(),
        (document, _) => document.to_string(),
    };
    agent.send(request["method"].as_str().unwrap(), request["path"].as_str().unwrap(), &headers, &body).await
}

/// The recorded answer, with what we answer instead on top of it.
fn expected(step: &Value) -> Value {
    let mut expected = step.get("consul").cloned().unwrap_or_else(|| serde_json::json!({"headers": {}}));
    let ours = step["weft"].as_object().into_iter().flatten();
    for (key, value) in ours {
        if key == "text" || key == "json" {
            let fields = expected.as_object_mut().unwrap();
            fields.remove("text");
            fields.remove("json");
        }
        match (key.as_str(), value) {
            ("headers", Value::Object(headers)) => {
                for (name, value) in headers {
                    expected["headers"][name] = value.clone();
                }
            }
            _ => expected[key] = value.clone(),
        }
    }
    expected
}

/// What is answered, where it is not what Consul answers.
fn ours(step: &Value, answered: &Answered, known: &BTreeMap<String, String>) -> Value {
    let mut ours = serde_json::Map::new();
    if step["consul"]["status"] != answered.status {
        ours.insert("status".into(), answered.status.into());
    }
    let mut headers = serde_json::Map::new();
    for (name, value) in step["consul"]["headers"].as_object().into_iter().flatten() {
        let kept = match answered.headers.get(name) {
            Some(found) => !text_is_like(value.as_str().unwrap(), found.to_str().unwrap()),
            None => true,
        };
        if kept {
            let found = answered.headers.get(name).map(|found| found.to_str().unwrap().to_owned());
            headers.insert(name.clone(), found.into());
        }
    }
    if !headers.is_empty() {
        ours.insert("headers".into(), headers.into());
    }
    match serde_json::from_str::<Value>(&answered.text) {
        Ok(json) if answered.header("content-type") == "application/json" => {
            ours.insert("json".into(), like::masked(&json, known));
        }
        _ => {
            ours.insert("text".into(), like::masked_text(&answered.text, known).into());
        }
    }
    ours.into()
}

fn unlike(expected: &Value, answered: &Answered) -> Vec<String> {
    let mut faults = Vec::new();
    if expected["status"] != answered.status {
        faults.push(format!("status {} and not {}: {}", answered.status, expected["status"], answered.text));
        return faults;
    }
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        // The body of a redirect and the leftovers of a failed query are not worth having.
        let ignored = answered.status == 301 && name == "content-type"
            || answered.status >= 400
                && answered.status != 404
                && name.starts_with("x-consul-")
                && name != "x-consul-reason";
        let fits = match value.as_str() {
            Some(value) => text_is_like(value, answered.header(name)),
            None => answered.headers.get(name).is_none(),
        };
        if !ignored && !fits {
            faults.push(format!("header {name} is {:?} and not {value}", answered.header(name)));
        }
    }
    if answered.status == 301 || !answered.header("content-encoding").is_empty() {
        return faults;
    }
    if let Some(json) = expected.get("json") {
        match serde_json::from_str(&answered.text) {
            Ok(found) => faults.extend(differences(json, &found)),
            Err(_) => faults.push(format!("text {:?} and not JSON", answered.text)),
        }
    } else if let Some(text) = expected["text"].as_str()
        && !text_is_like(text, &answered.text)
    {
        faults.push(format!("text {:?} and not {text:?}", answered.text));
    }
    faults
}

/// Puts what was captured in the place of its name.
fn filled(value: &Value, known: &BTreeMap<String, String>) -> Value {
    let mut text = value.to_string();
    for (name, value) in known {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    serde_json::from_str(&text).unwrap()
}
