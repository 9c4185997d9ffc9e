//! Snapshots through the API: what was saved comes back, indexes only go forward, and damage changes nothing.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use support::Agent;
use tokio::time::timeout;
use tower::ServiceExt as _;
use weft_api::archive::SealKey;

async fn save(agent: &Agent, query: &str) -> (u16, Bytes) {
    let request = Request::get(format!("/v1/snapshot{query}")).header("accept-encoding", "gzip");
    let response = agent.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    if status == 200 {
        assert_eq!(response.headers()["content-type"], "application/x-gzip");
        assert!(response.headers().get("content-encoding").is_none(), "compressed once");
        assert!(response.headers()["x-consul-index"].to_str().unwrap().parse::<u64>().unwrap() > 1);
    }
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

async fn restore(agent: &Agent, archive: Vec<u8>) -> (u16, String) {
    let request = Request::put("/v1/snapshot").body(Body::from(archive)).unwrap();
    let response = agent.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn put(agent: &Agent, key: &str, value: &str) {
    assert_eq!(agent.send("PUT", &format!("/v1/kv/{key}"), &[], value).await.status, 200);
}

#[tokio::test]
async fn what_was_saved_comes_back_and_wakes_everybody() {
    let agent = Agent::start().await;
    // More than a piece of a restore.
    for n in 0..5 {
        put(&agent, &format!("large/{n}"), &"0123456789abcdef".repeat(32 * 1024)).await;
    }
    put(&agent, "k", "saved").await;
    let session = agent.put("/v1/session/create", json!({})).await.json()["ID"].as_str().unwrap().to_owned();
    agent.done(&format!("/v1/kv/lock?acquire={session}"), Value::Null).await;
    let (status, archive) = save(&agent, "").await;
    assert_eq!(status, 200);

    put(&agent, "k", "changed").await;
    put(&agent, "new", "x").await;
    agent.done(&format!("/v1/session/destroy/{session}"), Value::Null).await;
    let index = agent.get("/v1/kv/k").await.index();
    let watched = {
        let agent = agent.clone();
        tokio::spawn(async move { agent.get(&format!("/v1/kv/k?raw&index={index}&wait=60s")).await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(restore(&agent, archive.to_vec()).await, (200, String::new()));
    let woken = timeout(Duration::from_secs(30), watched).await.unwrap().unwrap();
    assert_eq!(woken.text, "saved");
    assert!(woken.index() > index, "forward only");
    assert_eq!(agent.get("/v1/kv/new").await.status, 404);
    assert_eq!(agent.get("/v1/kv/lock").await.json()[0]["Session"], session.as_str());
    assert_eq!(agent.get(&format!("/v1/session/info/{session}")).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_archive_changes_nothing() {
    let agent = Agent::start().await;
    put(&agent, "k", "saved").await;
    let archive = save(&agent, "").await.1.to_vec();
    put(&agent, "k", "newer").await;
    let before = Arc::clone(&agent.store.current());
    let mut flipped = archive.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [Vec::new(), b"garbage".to_vec(), archive[..archive.len() / 2].to_vec(), flipped] {
        let (status, text) = restore(&agent, bad).await;
        assert!(status == 500 && text.starts_with("failed "), "{status} {text}");
    }
    assert!(Arc::ptr_eq(&before, &agent.store.current()), "not even an index has moved");
    assert_eq!(restore(&agent, archive).await.0, 200);
}

#[tokio::test]
async fn a_state_of_another_kind_is_refused() {
    let agent = Agent::start().await;
    put(&agent, "k", "mine").await;
    let mut archive = Vec::new();
    let meta = weft_api::archive::Meta { version: 1, index: 5, ..Default::default() };
    weft_api::archive::pack(&mut archive, meta, b"what somebody else wrote".as_slice(), None).unwrap();
    let (status, text) = restore(&agent, archive).await;
    assert!(status == 500 && text.contains("is not known to this version"), "{text}");
    assert_eq!(agent.get("/v1/kv/k?raw").await.text, "mine");
}

#[tokio::test]
async fn an_upload_that_breaks_off_changes_nothing() {
    let agent = Agent::start().await;
    put(&agent, "k", "saved").await;
    let archive = save(&agent, "").await.1;
    put(&agent, "k", "newer").await;
    let pieces = [Ok(archive.slice(..archive.len() - 10)), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    let response = agent.router.clone().oneshot(Request::put("/v1/snapshot").body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(agent.get("/v1/kv/k?raw").await.text, "newer");
}

#[tokio::test]
async fn a_cluster_with_a_secret_seals_what_it_gives_out() {
    let agent = Agent::start().await;
    *agent.seal_key.lock().unwrap() = SealKey::of_join_secret(b"one");
    put(&agent, "k", "saved").await;
    let archive = save(&agent, "").await.1.to_vec();
    put(&agent, "k", "newer").await;
    for other in [SealKey::of_join_secret(b"two"), None] {
        *agent.seal_key.lock().unwrap() = other;
        let (status, text) = restore(&agent, archive.clone()).await;
        assert!(status == 500 && text.contains("join secret"), "{text}");
    }
    assert_eq!(agent.get("/v1/kv/k?raw").await.text, "newer");
    *agent.seal_key.lock().unwrap() = SealKey::of_join_secret(b"one");
    assert_eq!(restore(&agent, archive).await.0, 200);
    assert_eq!(agent.get("/v1/kv/k?raw").await.text, "saved");
}

#[tokio::test]
async fn without_a_leader_only_a_stale_one_is_given() {
    let agent = Agent::start().await;
    agent.leads.store(false, SeqCst);
    assert_eq!(save(&agent, "").await.0, 500);
    assert_eq!(save(&agent, "?stale").await.0, 200);
}
