//! Blocking queries: when they wake, when they do not, and what they leave behind.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Agent, Answered};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(5);
/// Long enough for a wake-up that should not come.
const QUIET: Duration = Duration::from_millis(100);

fn web(port: u16) -> Value {
    json!({"Name": "web", "Port": port, "Check": {"CheckID": "c", "TTL": "1h", "Status": "passing"}})
}

/// Asks with the index of an answer that was there before.
async fn watch(agent: &Agent, path: &str) -> (u64, JoinHandle<Answered>) {
    let index = agent.get(path).await.index();
    let watched = watch_from(agent, path, index, "60s").await;
    (index, watched)
}

async fn watch_from(agent: &Agent, path: &str, index: u64, wait: &str) -> JoinHandle<Answered> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (agent, path) = (agent.clone(), format!("{path}{separator}index={index}&wait={wait}"));
    let watched = tokio::spawn(async move { agent.get(&path).await });
    sleep(Duration::from_millis(20)).await;
    watched
}

#[tokio::test]
async fn a_change_wakes_and_moves_the_index() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    for path in [
        "/v1/health/service/web",
        "/v1/catalog/service/web",
        "/v1/catalog/services",
        "/v1/catalog/node/n1",
        "/v1/internal/ui/nodes",
        "/v1/internal/ui/node/n1",
        "/v1/internal/ui/services",
    ] {
        let (index, watched) = watch(&agent, path).await;
        let port = 1000 + u16::try_from(index).unwrap();
        agent.done("/v1/agent/service/register", web(port)).await;
        let answered = timeout(SOON, watched).await.unwrap().unwrap();
        assert!(answered.index() > index, "{path}");
        assert!(path.ends_with("services") || answered.text.contains(&port.to_string()), "{path}: {}", answered.text);
    }
}

#[tokio::test]
async fn a_heartbeat_with_another_result_wakes_and_one_with_the_same_does_not() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    agent.done("/v1/agent/check/pass/c?note=fine", Value::Null).await;
    let (_, watched) = watch(&agent, "/v1/health/service/web?passing").await;
    agent.done("/v1/agent/check/pass/c?note=fine", Value::Null).await;
    sleep(QUIET).await;
    assert!(!watched.is_finished());
    agent.done("/v1/agent/check/fail/c", Value::Null).await;
    assert_eq!(timeout(SOON, watched).await.unwrap().unwrap().json(), json!([]));
}

#[tokio::test]
async fn writes_that_change_nothing_or_something_else_wake_nobody() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"})).await;
    let mut all = Vec::new();
    for path in ["/v1/health/service/web", "/v1/config/service-defaults/web", "/v1/connect/intentions"] {
        all.push(watch(&agent, path).await);
    }
    agent.done("/v1/agent/service/register", web(80)).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"})).await;
    agent.done("/v1/agent/service/register", json!({"Name": "other"})).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "other", "Protocol": "http"})).await;
    sleep(QUIET).await;
    assert!(all.iter().all(|(_, watched)| !watched.is_finished()));
}

#[tokio::test]
async fn a_wait_that_ends_answers_what_there_is_with_the_same_index() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    let index = agent.get("/v1/health/service/web").await.index();
    let start = Instant::now();
    let answered = agent.get(&format!("/v1/health/service/web?index={index}&wait=400ms")).await;
    let took = start.elapsed();
    assert_eq!((answered.status, answered.index()), (200, index));
    assert_eq!(answered.json()[0]["Service"]["Port"], 80);
    assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(60), "{took:?}");
}

#[tokio::test]
async fn an_index_of_the_future_waits_and_answers_the_real_one() {
    let agent = Agent::start().await;
    let now = agent.get("/v1/catalog/nodes").await.index();
    let watched = watch_from(&agent, "/v1/catalog/nodes", now + 1000, "300ms").await;
    let node = json!({"Node": "n2", "Address": "10.0.0.2"});
    agent.done("/v1/catalog/register", node).await;
    let answered = timeout(SOON, watched).await.unwrap().unwrap();
    assert!(answered.index() > now && answered.index() < now + 1000);
    assert_eq!(answered.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_never_existed_is_waited_for_until_it_appears() {
    let agent = Agent::start().await;
    let mut waiting = Vec::new();
    for path in [
        "/v1/health/service/later",
        "/v1/health/connect/later",
        "/v1/config/service-defaults/later",
        "/v1/connect/intentions/match?by=destination&name=later",
    ] {
        let (index, watched) = watch(&agent, path).await;
        assert!(index >= 1, "{path}");
        waiting.push((path, watched));
    }
    agent.done("/v1/agent/service/register", web(80)).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "web"})).await;
    agent.done("/v1/connect/intentions/exact?source=a&destination=b", json!({"Action": "deny"})).await;
    sleep(QUIET).await;
    for (path, watched) in &waiting {
        assert!(!watched.is_finished(), "{path} was woken by something else");
    }
    let later = json!({"Name": "later", "Port": 1, "Connect": {"SidecarService": {}}});
    agent.done("/v1/agent/service/register", later).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "later"})).await;
    agent.done("/v1/connect/intentions/exact?source=a&destination=later", json!({"Action": "deny"})).await;
    for (path, watched) in waiting {
        let answered = timeout(SOON, watched).await.unwrap().unwrap();
        assert_eq!(answered.status, 200, "{path}");
        assert!(answered.text.contains("later"), "{path}");
    }
}

#[tokio::test]
async fn a_removal_wakes_too() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    agent.done("/v1/config", json!({"Kind": "service-defaults", "Name": "web"})).await;
    let (before, health) = watch(&agent, "/v1/health/service/web").await;
    let (_, entry) = watch(&agent, "/v1/config/service-defaults/web").await;
    agent.done("/v1/agent/service/deregister/web", Value::Null).await;
    let answered = timeout(SOON, health).await.unwrap().unwrap();
    assert_eq!(answered.json(), json!([]));
    assert!(answered.index() > before, "the index of the last removal");
    agent.send("DELETE", "/v1/config/service-defaults/web", &[], "").await;
    assert_eq!(timeout(SOON, entry).await.unwrap().unwrap().status, 404);
}

#[tokio::test]
async fn no_wake_up_is_lost_under_a_storm_of_writes() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(1)).await;
    let writer = {
        let agent = agent.clone();
        tokio::spawn(async move {
            for port in 2..=300 {
                agent.done("/v1/agent/service/register", web(port)).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let (mut index, mut port) = (0, 0);
    while port != 300 {
        let path = format!("/v1/health/service/web?index={index}&wait=60s");
        let answered = timeout(SOON, agent.get(&path)).await.expect("the last write wakes");
        assert!(answered.index() > index, "never goes back, never answers without news");
        index = answered.index();
        port = answered.json()[0]["Service"]["Port"].as_u64().unwrap();
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn an_instance_is_waited_for_by_its_hash() {
    let agent = Agent::start().await;
    agent.done("/v1/agent/service/register", web(80)).await;
    let first = agent.get("/v1/agent/service/web").await;
    let hash = first.header("x-consul-contenthash").to_owned();
    assert_eq!(first.json()["ContentHash"], hash);
    assert_eq!(
        agent.get("/v1/agent/service/web?hash=0000000000000000&wait=60s").await.header("x-consul-contenthash"),
        hash
    );

    let path = format!("/v1/agent/service/web?hash={hash}");
    let unchanged = agent.get(&format!("{path}&wait=50ms")).await;
    assert_eq!((unchanged.status, unchanged.header("x-consul-contenthash")), (200, hash.as_str()));

    let waiting = |agent: &Agent, path: String| {
        let agent = agent.clone();
        tokio::spawn(async move { agent.get(&path).await })
    };
    let watched = waiting(&agent, format!("{path}&wait=60s"));
    sleep(QUIET).await;
    agent.done("/v1/agent/check/fail/c", Value::Null).await;
    sleep(QUIET).await;
    assert!(!watched.is_finished(), "a check is not part of what is shown");
    agent.done("/v1/agent/service/register", web(81)).await;
    let changed = timeout(SOON, watched).await.unwrap().unwrap();
    assert_ne!(changed.header("x-consul-contenthash"), hash);

    let hash = changed.header("x-consul-contenthash").to_owned();
    let watched = waiting(&agent, format!("/v1/agent/service/web?hash={hash}&wait=60s"));
    sleep(QUIET).await;
    agent.done("/v1/agent/service/deregister/web", Value::Null).await;
    assert_eq!(timeout(SOON, watched).await.unwrap().unwrap().status, 404);
}

#[tokio::test]
async fn a_leaf_is_waited_for_by_its_index() {
    let agent = Agent::start().await;
    let path = "/v1/agent/connect/ca/leaf/web";
    let index = agent.get(path).await.index();
    let unchanged = agent.get(&format!("{path}?index={index}&wait=50ms")).await;
    assert_eq!((unchanged.status, unchanged.index()), (200, index));
    let watched = watch_from(&agent, path, index, "60s").await;
    assert!(!watched.is_finished());
    agent.leaf_index.store(index + 5, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(timeout(SOON, watched).await.unwrap().unwrap().index(), index + 5);
}

#[tokio::test]
async fn without_a_leader_only_stale_reads_are_answered() {
    let agent = Agent::start().await;
    agent.leads.store(false, std::sync::atomic::Ordering::SeqCst);
    for path in [
        "/v1/catalog/nodes",
        "/v1/health/service/web?consistent",
        "/v1/connect/intentions/check?source=a&destination=b",
    ] {
        let refused = agent.get(path).await;
        assert_eq!((refused.status, refused.text.as_str()), (500, "No cluster leader"), "{path}");
    }
    let stale = agent.get("/v1/catalog/nodes?stale").await;
    assert_eq!((stale.status, stale.header("x-consul-knownleader")), (200, "false"));
    assert_eq!(agent.get("/v1/status/leader").await.json(), "");
    assert_eq!(agent.get("/v1/agent/services").await.status, 200);
}
