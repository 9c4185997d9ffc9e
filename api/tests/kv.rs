//! Keys, locks and transactions: whom a write wakes, who wins, and what a failed transaction leaves behind.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use support::{Agent, Answered};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_millis(80);

async fn put(agent: &Agent, path: &str, value: &str) -> bool {
    let answered = agent.send("PUT", &format!("/v1/kv/{path}"), &[], value).await;
    assert_eq!(answered.status, 200, "{path}: {}", answered.text);
    answered.json() == json!(true)
}

async fn delete(agent: &Agent, path: &str) -> bool {
    agent.send("DELETE", &format!("/v1/kv/{path}"), &[], "").await.json() == json!(true)
}

async fn watch(agent: &Agent, path: &str) -> (u64, JoinHandle<Answered>) {
    let path = format!("/v1/kv/{path}");
    let index = agent.get(&path).await.index();
    assert!(index >= 1, "{path}");
    let (agent, separator) = (agent.clone(), if path.contains('?') { '&' } else { '?' });
    let watched = tokio::spawn(async move { agent.get(&format!("{path}{separator}index={index}&wait=60s")).await });
    sleep(Duration::from_millis(20)).await;
    (index, watched)
}

async fn woken(watched: JoinHandle<Answered>) -> Answered {
    timeout(SOON, watched).await.expect("it is woken").unwrap()
}

#[tokio::test]
async fn a_key_and_the_trees_above_it_are_woken_and_nothing_else() {
    let agent = Agent::start().await;
    for key in ["a/b/c", "a/x", "z"] {
        put(&agent, key, "1").await;
    }
    let concerned = ["a/b/c", "a/b/c?raw", "a/b?recurse", "a/?keys", "a/?keys&separator=/", "?recurse"];
    let others = ["a/x", "a/x?recurse", "a/b/c/d", "a/b/cd?recurse", "z", "nothing", "nothing?recurse"];
    let (mut waiting, mut quiet) = (Vec::new(), Vec::new());
    for path in concerned {
        waiting.push((path, watch(&agent, path).await));
    }
    for path in others {
        quiet.push((path, watch(&agent, path).await));
    }
    put(&agent, "a/b/c", "1").await;
    sleep(QUIET).await;
    assert!(waiting.iter().all(|(_, (_, watched))| !watched.is_finished()), "the same value is no news");
    put(&agent, "a/b/c", "2").await;
    for (path, (before, watched)) in waiting {
        let answered = woken(watched).await;
        assert!(answered.status == 200 && answered.index() > before, "{path}");
    }
    sleep(QUIET).await;
    for (path, (_, watched)) in quiet {
        assert!(!watched.is_finished(), "{path}");
    }
}

#[tokio::test]
async fn a_missing_key_is_waited_for_and_a_removal_is_news() {
    let agent = Agent::start().await;
    let (_, watched) = watch(&agent, "later").await;
    put(&agent, "other", "1").await;
    sleep(QUIET).await;
    assert!(!watched.is_finished());
    put(&agent, "later", "1").await;
    let answered = woken(watched).await;
    assert_eq!(answered.json()[0]["Value"], "MQ==");

    let (before, key) = watch(&agent, "later").await;
    let (_, tree) = watch(&agent, "lat?recurse").await;
    assert!(delete(&agent, "later").await);
    let (key, tree) = (woken(key).await, woken(tree).await);
    assert_eq!((key.status, key.text.as_str(), tree.status), (404, "", 404));
    assert!(key.index() > before && tree.index() > before, "the index of the removal");
    put(&agent, "unrelated", "1").await;
    assert!(agent.get("/v1/kv/lat?recurse").await.index() >= tree.index(), "never back");
}

#[tokio::test]
async fn no_wake_up_is_lost_under_a_storm_of_writes() {
    let agent = Agent::start().await;
    put(&agent, "k", "0").await;
    let writer = {
        let agent = agent.clone();
        tokio::spawn(async move {
            for value in 1..=300 {
                put(&agent, "k", &value.to_string()).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let (mut index, mut value) = (0, String::new());
    while value != "300" {
        let answered = timeout(SOON, agent.get(&format!("/v1/kv/k?raw&index={index}&wait=60s"))).await.unwrap();
        assert!(answered.index() > index, "never back, and never without news");
        (index, value) = (answered.index(), answered.text);
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn of_many_who_write_on_a_condition_one_wins() {
    let agent = Agent::start().await;
    let created = join_all((0..50).map(|n| {
        let agent = agent.clone();
        async move { put(&agent, "k?cas=0", &n.to_string()).await }
    }));
    assert_eq!(created.await.iter().filter(|won| **won).count(), 1);
    let index = agent.get("/v1/kv/k").await.json()[0]["ModifyIndex"].as_u64().unwrap();
    let replaced = join_all((0..50).map(|n| {
        let agent = agent.clone();
        async move { put(&agent, &format!("k?cas={index}"), &format!("again {n}")).await }
    }));
    assert_eq!(replaced.await.iter().filter(|won| **won).count(), 1);
}

#[tokio::test]
async fn a_chunked_value_is_limited_like_a_declared_one() {
    use axum::body::{Body, Bytes};
    use tower::ServiceExt as _;
    let agent = Agent::start().await;
    for (pieces, status) in [(32, 200), (33, 413)] {
        let chunks = (0..pieces).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 16 * 1024])));
        let body = Body::from_stream(futures::stream::iter(chunks.collect::<Vec<_>>()));
        let request = axum::http::Request::put("/v1/kv/big").body(body).unwrap();
        assert_eq!(agent.router.clone().oneshot(request).await.unwrap().status(), status);
    }
}

async fn session(agent: &Agent, body: Value) -> String {
    agent.put("/v1/session/create", body).await.json()["ID"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_lock_has_one_holder_and_its_index_grows() {
    let agent = Agent::start().await;
    let (one, two) =
        (session(&agent, json!({"LockDelay": "0s"})).await, session(&agent, json!({"LockDelay": "0s"})).await);
    assert!(put(&agent, &format!("lock?acquire={one}"), "1").await);
    assert!(!put(&agent, &format!("lock?acquire={two}"), "2").await);
    let (before, watched) = watch(&agent, "lock").await;
    agent.done(&format!("/v1/session/destroy/{one}"), Value::Null).await;
    let freed = woken(watched).await;
    assert!(freed.index() > before && freed.json()[0].get("Session").is_none());
    assert!(put(&agent, &format!("lock?acquire={two}"), "2").await);
    assert_eq!(agent.get("/v1/kv/lock").await.json()[0]["LockIndex"], 2);
}

#[tokio::test]
async fn sessions_are_waited_for() {
    let agent = Agent::start().await;
    let id = session(&agent, json!({})).await;
    for path in [format!("/v1/session/info/{id}"), "/v1/session/list".into(), "/v1/session/node/n1".into()] {
        assert_eq!(agent.get(&path).await.json().as_array().unwrap().len(), 1, "{path}");
    }
    let index = agent.get("/v1/session/list").await.index();
    let watched = {
        let agent = agent.clone();
        tokio::spawn(async move { agent.get(&format!("/v1/session/list?index={index}&wait=60s")).await })
    };
    sleep(Duration::from_millis(20)).await;
    agent.done(&format!("/v1/session/destroy/{id}"), Value::Null).await;
    assert_eq!(woken(watched).await.json(), json!([]));
}

#[tokio::test]
async fn a_failed_transaction_changes_nothing_and_names_every_fault() {
    let agent = Agent::start().await;
    put(&agent, "there", "1").await;
    let before = agent.get("/v1/kv/there").await.index();
    let answered = agent
        .put(
            "/v1/txn",
            json!([
                {"KV": {"Verb": "set", "Key": "new", "Value": "eA=="}},
                {"KV": {"Verb": "check-not-exists", "Key": "there"}},
                {"KV": {"Verb": "delete", "Key": "there"}},
                {"KV": {"Verb": "get", "Key": "missing"}},
            ]),
        )
        .await;
    assert_eq!(answered.status, 409);
    let places: Vec<_> = answered.json()["Errors"].as_array().unwrap().iter().map(|e| e["OpIndex"].clone()).collect();
    assert_eq!(places, [json!(1), json!(3)]);
    assert_eq!(agent.get("/v1/kv/new").await.status, 404);
    assert_eq!(agent.get("/v1/kv/there").await.index(), before);
}

#[tokio::test]
async fn a_transaction_that_reads_asks_as_other_reads_do() {
    use std::sync::atomic::Ordering::SeqCst;
    let agent = Agent::start().await;
    put(&agent, "k", "1").await;
    let get = json!([{"KV": {"Verb": "get", "Key": "k"}}]);
    let before = agent.read_indexes.load(SeqCst);
    assert_eq!(agent.put("/v1/txn?stale", get.clone()).await.status, 200);
    assert_eq!(agent.read_indexes.load(SeqCst), before);
    assert_eq!(agent.put("/v1/txn", get.clone()).await.status, 200);
    assert_eq!(agent.read_indexes.load(SeqCst), before + 1);
    agent.leads.store(false, SeqCst);
    assert_eq!(agent.put("/v1/txn", get.clone()).await.text, "No cluster leader");
    assert_eq!(agent.put("/v1/txn?stale", get).await.status, 200);
}
