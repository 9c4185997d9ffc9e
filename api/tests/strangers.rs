//! What nobody in their right mind sends: the recorded requests bent by seeded dice, thousands of them.
//!
//! Whatever comes, nothing panics, an answer is what the OpenAPI document says, and a refusal has changed
//! nothing. `WEFT_SEEDS=0..500 cargo test -p weft-api --test strangers` looks for longer; a failure names
//! its seed and the request.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

#[path = "strangers/bend.rs"]
mod bend;
#[path = "strangers/filters.rs"]
mod filters;
mod support;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use axum::http::{Method, Uri};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::Value;

use bend::{Bender, Request};
use support::{Agent, schema};
use weft_state::Changes;

/// Bent requests for each recorded one.
const BENT: usize = 4;
/// Longer than any query waits; the time of these tests stands still and jumps.
const PATIENCE: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn bent_requests_are_answered_as_documented_and_refusals_change_nothing() {
    let steps = recorded();
    let bodies: Vec<_> =
        steps.iter().flatten().map(|request| request.json.clone()).filter(|json| !json.is_null()).collect();
    let mut faults = Vec::new();
    for seed in seeds(0..2) {
        let mut dice = StdRng::seed_from_u64(seed);
        let file = steps.choose(&mut dice).unwrap();
        let agent = Agent::start().await;
        let document = agent.get("/v1/weft/openapi.json").await.json();
        let mut bender = Bender { dice, bodies: &bodies };
        for step in file {
            let bent: Vec<_> = (0..BENT).map(|_| bender.bend(step)).collect();
            for request in bent.into_iter().chain([step.clone()]) {
                let found = faults_of(&agent, &document, &request).await;
                faults.extend(found.map(|fault| format!("seed {seed}: {request}\n    {fault}")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn any_filter_is_a_filter_or_refused() {
    let agent = Agent::start().await;
    let document = agent.get("/v1/weft/openapi.json").await.json();
    for seed in seeds(0..1) {
        let mut dice = StdRng::seed_from_u64(seed);
        for _ in 0..400 {
            let text = filters::draw(&mut dice);
            let place = ["/v1/agent/services", "/v1/catalog/nodes", "/v1/health/service/consul", "/v1/health/node/n1"]
                .choose(&mut dice)
                .unwrap();
            let request = Request::get(format!("{place}?filter={}", bend::percent(&text)));
            let fault = faults_of(&agent, &document, &request).await;
            assert_eq!(fault, None, "seed {seed}: {text}");
        }
    }
}

/// What must not be of the answer to this request.
async fn faults_of(agent: &Agent, document: &Value, request: &Request) -> Option<String> {
    // What is no request at all does not come this far.
    let (Ok(_), Ok(method)) = (request.path.parse::<Uri>(), request.method.parse::<Method>()) else { return None };
    let before = agent.store.current();
    let body = request.body();
    let sent = agent.send(method.as_str(), &request.path, &[], &body);
    let Ok(answered) = tokio::time::timeout(PATIENCE, sent).await else { return Some("is never answered".into()) };
    let after = agent.store.current();
    let changes = after.changes_since(&before);
    if answered.status >= 400 && changes != Changes::default() {
        return Some(format!("{} {}: and yet {changes:?} changed", answered.status, answered.text));
    }
    if answered.status >= 500 && answered.text.is_empty() {
        return Some(format!("{} without a word", answered.status));
    }
    let is_json =
        answered.header("content-type") == "application/json" && answered.header("content-encoding").is_empty();
    if matches!(method, Method::OPTIONS | Method::HEAD) || answered.status == 301 {
        return None;
    }
    let answer = match is_json {
        true => match serde_json::from_str::<Value>(&answered.text) {
            Ok(answer) => Some(answer),
            Err(error) => return Some(format!("the answer is no JSON: {error}: {}", answered.text)),
        },
        false => None,
    };
    let faults = schema::faults(document, method.as_str(), &request.path, answered.status, answer.as_ref());
    (!faults.is_empty()).then(|| format!("{} {}: {}", answered.status, answered.text, faults.join(", ")))
}

/// The seeds that are asked for.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(asked) = std::env::var("WEFT_SEEDS") else { return usual };
    let (start, end) = asked.split_once("..").expect("WEFT_SEEDS is FROM..TO");
    start.parse().unwrap()..end.parse().unwrap()
}

/// The recorded requests, file by file.
fn recorded() -> Vec<Vec<Request>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: &std::path::PathBuf| -> Vec<Value> {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    files.iter().map(|file| read(file).iter().map(|step| Request::recorded(&step["request"])).collect()).collect()
}
