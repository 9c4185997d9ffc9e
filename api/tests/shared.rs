//! Answers that are written out once for many: never another one than the request would get by itself.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::Agent;

const PATHS: &[&str] = &[
    "/v1/catalog/services",
    "/v1/catalog/services?node-meta=a:b",
    "/v1/catalog/service/web",
    "/v1/catalog/service/web?tag=t1",
    "/v1/catalog/service/other",
    "/v1/catalog/connect/web",
    "/v1/catalog/node-services/n1",
    "/v1/health/service/web",
    "/v1/health/service/web?passing",
    "/v1/health/service/web?filter=Service.Port==81",
    "/v1/health/service/other?stale",
    "/v1/health/connect/web",
    "/v1/health/ingress/web",
];

/// A change of what they show, or of something else.
fn change(step: u16) -> (&'static str, Value) {
    let check = |id: &str| json!({"CheckID": id, "TTL": "1h", "Status": "passing"});
    match step % 6 {
        0 => {
            ("/v1/agent/service/register", json!({"ID": "w1", "Name": "web", "Port": 80 + step, "Check": check("c1")}))
        }
        1 => ("/v1/agent/check/fail/c1", Value::Null),
        2 => ("/v1/kv/unrelated", json!(step)),
        3 => {
            ("/v1/agent/service/register", json!({"ID": "w2", "Name": "web", "Port": 81, "Tags": [format!("t{step}")]}))
        }
        4 => (
            "/v1/agent/service/register",
            json!({"ID": "o", "Name": "other", "Port": step, "Connect": {"Native": true}}),
        ),
        _ => ("/v1/agent/service/deregister/w2", Value::Null),
    }
}

#[tokio::test]
async fn an_answer_for_many_is_the_one_that_each_would_get() {
    let agent = Agent::start().await;
    for step in 0..24 {
        let (path, body) = change(step);
        assert_eq!(agent.put(path, body).await.status, 200, "{path}");
        for path in PATHS {
            // A request that nobody else makes is answered for itself.
            let own = agent.get(&format!("{path}{}own={step}", if path.contains('?') { '&' } else { '?' })).await;
            for turn in 0..2 {
                let shared = agent.get(path).await;
                assert_eq!(shared.text, own.text, "{path} after step {step}, turn {turn}");
                assert_eq!(shared.index(), own.index(), "{path} after step {step}, turn {turn}");
                assert_eq!(shared.header("content-type"), "application/json");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_is_not_remembered_as_an_answer() {
    let agent = Agent::start().await;
    for _ in 0..2 {
        let refused = agent.get("/v1/health/service/web?filter=Nonsense").await;
        assert_eq!((refused.status, refused.text.is_empty()), (500, false));
    }
    let many = "x".repeat(500);
    for n in 0..300 {
        agent
            .done("/v1/agent/service/register", json!({"ID": format!("b{n}"), "Name": "big", "Meta": {"m": many}}))
            .await;
    }
    for _ in 0..2 {
        let big = agent.get("/v1/health/service/big").await;
        assert!(big.text.len() > 64 * 1024 && big.json().as_array().unwrap().len() == 300);
    }
}
