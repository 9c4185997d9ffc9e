//! Which reads ask the quorum, and what an answer says of its age.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use support::Agent;
use tokio::time::{sleep, timeout};

const PATH: &str = "/v1/catalog/nodes";

/// How often the quorum is asked for one request.
async fn asked(agent: &Agent, path: &str) -> u64 {
    let before = agent.read_indexes.load(SeqCst);
    assert_eq!(agent.get(path).await.status, 200, "{path}");
    agent.read_indexes.load(SeqCst) - before
}

#[tokio::test]
async fn default_and_consistent_reads_ask_the_quorum_once_and_stale_ones_never() {
    let agent = Agent::start().await;
    for (query, times) in [("", 1), ("?consistent", 1), ("?leader", 1), ("?stale", 0), ("?max_stale=10s", 0)] {
        assert_eq!(asked(&agent, &format!("{PATH}{query}")).await, times, "{query}");
    }
    assert_eq!(asked(&agent, "/v1/connect/ca/configuration").await, 1, "reads without an index too");
    assert_eq!(asked(&agent, "/v1/connect/ca/configuration?stale").await, 0);
    assert_eq!(asked(&agent, "/v1/agent/services").await, 0, "this agent is its own authority");
}

#[tokio::test]
async fn a_woken_blocking_query_asks_nobody_again() {
    let agent = Agent::start().await;
    let index = agent.get(PATH).await.index();
    let before = agent.read_indexes.load(SeqCst);
    let watched = {
        let agent = agent.clone();
        tokio::spawn(async move { agent.get(&format!("{PATH}?index={index}&wait=60s")).await })
    };
    sleep(Duration::from_millis(20)).await;
    agent.done("/v1/catalog/register", json!({"Node": "n2", "Address": "10.0.0.2"})).await;
    let answered = timeout(Duration::from_secs(30), watched).await.unwrap().unwrap();
    assert!(answered.index() > index);
    assert_eq!(agent.read_indexes.load(SeqCst) - before, 1);
}

#[tokio::test]
async fn a_stale_answer_says_how_old_it_may_be() {
    let agent = Agent::start().await;
    agent.last_contact.store(1234, SeqCst);
    let stale = agent.get(&format!("{PATH}?stale")).await;
    assert_eq!(stale.header("x-consul-lastcontact"), "1234");
    assert_eq!(stale.header("x-consul-effective-consistency"), "stale");
    let confirmed = agent.get(PATH).await;
    assert_eq!(confirmed.header("x-consul-lastcontact"), "0", "the leader was heard for this answer");

    agent.leads.store(false, SeqCst);
    let stale = agent.get(&format!("{PATH}?stale")).await;
    assert_eq!((stale.status, stale.header("x-consul-knownleader")), (200, "false"));
    assert_eq!(stale.header("x-consul-lastcontact"), "1234");

    // Who the servers are is known here, too.
    let path = "/v1/operator/raft/configuration";
    assert_eq!((agent.get(path).await.status, agent.get(&format!("{path}?stale")).await.status), (500, 200));
}

#[tokio::test]
async fn what_is_too_stale_is_asked_again_of_the_leader() {
    let agent = Agent::start().await;
    agent.last_contact.store(5000, SeqCst);
    let fresh_enough = agent.get(&format!("{PATH}?max_stale=5s")).await;
    assert_eq!(fresh_enough.header("x-consul-effective-consistency"), "stale");
    let too_old = agent.get(&format!("{PATH}?max_stale=4999ms")).await;
    assert_eq!(too_old.header("x-consul-effective-consistency"), "leader");
    assert_eq!(too_old.header("x-consul-lastcontact"), "0");

    agent.leads.store(false, SeqCst);
    let refused = agent.get(&format!("{PATH}?max_stale=4999ms")).await;
    assert_eq!((refused.status, refused.text.as_str()), (500, "No cluster leader"));
}

#[tokio::test]
async fn a_wait_that_outlives_the_leader_says_so() {
    let agent = Agent::start().await;
    let index = agent.get(PATH).await.index();
    let watched = {
        let agent = agent.clone();
        tokio::spawn(async move { agent.get(&format!("{PATH}?index={index}&wait=100ms")).await })
    };
    sleep(Duration::from_millis(20)).await;
    agent.leads.store(false, SeqCst);
    agent.last_contact.store(77, SeqCst);
    let answered = watched.await.unwrap();
    assert_eq!((answered.status, answered.index()), (200, index));
    assert_eq!((answered.header("x-consul-knownleader"), answered.header("x-consul-lastcontact")), ("false", "77"));
}

/// A server that lags behind cannot know what is missing, as long as no leader tells it.
#[tokio::test]
async fn without_a_leader_nothing_is_said_to_be_missing() {
    let agent = Agent::start().await;
    agent.leads.store(false, SeqCst);
    let check = json!({"Name": "x", "TTL": "1h", "ServiceID": "web"});
    for (path, body) in [
        ("/v1/agent/check/register", check),
        ("/v1/agent/check/deregister/x", json!({})),
        ("/v1/agent/service/deregister/web", json!({})),
    ] {
        let refused = agent.put(path, body).await;
        assert_eq!((refused.status, refused.text.as_str()), (500, "No cluster leader"), "{path}");
    }
}
